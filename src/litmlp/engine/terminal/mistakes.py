"""The one place where an error becomes the line that a user reads."""

import errno
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from litmlp.engine.terminal.console import printable
from litmlp.errors import UserError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

ON_THE_CPU = "DefaultCPUAllocator"
"""Part of torch's message for memory that the CPU lacks; the error has no class."""

SEVERAL_VALUES = re.compile(r"Ambiguous value for argument '(.+)'")
"""Hydra's text for ``key=a,b`` without ``-m``."""

OUT_OF_MEMORY = (
    "out of memory: a smaller data.batch_size or smaller model.hidden_sizes need "
    "less; trainer.accumulate_grad_batches makes up for small batches"
)


def explain(error: BaseException) -> str | None:
    """Return the line that tells a user of a mistake, or None if the error is a bug."""
    for kind in type(error).__mro__:
        line_of = LINES.get(f"{kind.__module__}.{kind.__qualname__}")
        line = line_of(error) if line_of else None
        if line is not None:
            return " ".join(line.split())
    return explain(error.__cause__) if error.__cause__ is not None else None


def describe(error: BaseException) -> str:
    """Return one line for any error: for a bug, its class and message."""
    text = " ".join(str(error).split())
    return explain(error) or f"{type(error).__name__}: {text}"


def as_mistake(error: BaseException) -> BaseException:
    """Return a :class:`UserError` for what is a user's mistake, else the error."""
    line = explain(error)
    return error if line in (None, str(error)) else UserError(str(line))


@contextmanager
def blame(source: str) -> Iterator[None]:
    """Raise every error of the block as a mistake in a file from elsewhere.

    The message begins with the source: the file, and what is wrong with it.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{source}: {describe(error)[:200]}") from error


def fail(error: Exception, full: bool = False) -> NoReturn:
    """Report an error and end the process with exit code 1."""
    report(error, full)
    sys.exit(1)


def report(error: Exception, full: bool = False, source: str = "") -> None:
    """Print an error on stderr: one line for a mistake, the traceback for a bug.

    A mistake has a traceback, too, if that is to be ``full``; ``source`` says whose
    error it is.
    """
    text = " ".join(f"error: {source} {describe(error)}".split())
    if full or explain(error) is None:
        said = f"error: {source}\n" if source else ""
        text = said + "".join(traceback.format_exception(error))
    print(printable(text), file=sys.stderr)


def is_out_of_memory(error: BaseException | None) -> bool:
    """Return whether an error, or what caused it, says that memory is too small."""
    if error is None:
        return False
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    return (
        not names.isdisjoint({"builtins.MemoryError", "torch.OutOfMemoryError"})
        or ON_THE_CPU in str(error)
        or is_out_of_memory(error.__cause__)
    )


def _of_user(error: Any) -> str:
    return OUT_OF_MEMORY if is_out_of_memory(error.__cause__) else str(error)


def _of_disk(error: Any) -> str:
    place = f"{os.fsdecode(error.filename)}: " if error.filename else ""
    kept = ": what was saved before stays" if error.errno in NO_SPACE else ""
    return f"{place}{error.strerror or error}{kept}"


def _of_hydra(error: Any) -> str:
    cause, text = error.__cause__, str(error)
    if match := SEVERAL_VALUES.match(text):
        key, _, values = match[1].partition("=")
        return (
            f"{match[1]}: add -m to train one run per value; a list is {key}=[{values}]"
        )
    return _of_disk(cause) if isinstance(cause, OSError) else text


def _of_runtime(error: Any) -> str | None:
    """Name the mistake of errors that have no class of their own."""
    text = str(error)
    if is_out_of_memory(error):
        return OUT_OF_MEMORY
    if "does not support dense gradients" in text:  # torch's SparseAdam
        return f"optimizer: {text}"
    if text.startswith("Early stopping conditioned on metric"):  # Lightning's
        return f"callbacks.early_stopping.monitor: {text}"
    return None


def _of_process(error: Any) -> str | None:
    """Return the last line of another process's traceback, if it is a mistake's."""
    *_, last = str(error).strip().splitlines()
    kind, _, message = last.partition(": ")
    return message if kind.rpartition(".")[2] == UserError.__name__ else None


LINES: dict[str, Callable[[Any], str | None]] = {
    "litmlp.errors.UserError": _of_user,
    "hydra.errors.HydraException": _of_hydra,
    "omegaconf.errors.MissingMandatoryValue": lambda error: (
        f"{error.full_key} is needed: give {error.full_key}=…"
    ),
    "omegaconf.errors.OmegaConfBaseException": str,
    "builtins.OSError": _of_disk,
    "builtins.MemoryError": lambda error: OUT_OF_MEMORY,
    "builtins.ModuleNotFoundError": lambda error: (
        str(error) if "pip install" in str(error) else None
    ),
    "torch.OutOfMemoryError": lambda error: OUT_OF_MEMORY,
    "lightning.fabric.utilities.exceptions.MisconfigurationException": lambda error: (
        f"trainer: {error}"
    ),
    "wandb.errors.errors.Error": lambda error: (
        f"logger.wandb: {error} logger.wandb.mode=offline sends nothing"
    ),
    "mlflow.exceptions.MlflowException": lambda error: (
        f"logger.mlflow.tracking_uri: {error}"
    ),
    "torch.multiprocessing.spawn.ProcessRaisedException": _of_process,
    "builtins.RuntimeError": _of_runtime,
}
"""The line for each kind of error, by the full name of its class: to name a class of
torch or Hydra should not take the seconds that it takes to import it."""
