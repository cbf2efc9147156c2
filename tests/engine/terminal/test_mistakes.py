"""Errors become one line at one place; what is no mistake keeps its traceback."""

import errno

import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch.multiprocessing.spawn import ProcessRaisedException

from litmlp.engine.terminal.mistakes import (
    LINES,
    as_mistake,
    blame,
    describe,
    explain,
    report,
)
from litmlp.errors import UserError


def in_process(line: str) -> ProcessRaisedException:
    return ProcessRaisedException(f"-- Process 1 --\nTraceback\n{line}\n", 1, 7)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("a\n  mistake"), "a mistake"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.csv"), "a.csv: No such"),
        (OSError(errno.ENOSPC, "No space left"), "left: what was saved before stays"),
        (MemoryError(), "out of memory: a smaller data.batch_size"),
        (torch.OutOfMemoryError("CUDA out of memory"), "out of memory: a smaller"),
        (MisconfigurationException("no such strategy"), "trainer: no such strategy"),
        (
            RuntimeError("Early stopping conditioned on metric `x`"),
            "callbacks.early_stopping.monitor: Early stopping",
        ),
        (
            ModuleNotFoundError("psutil is not installed. Try `pip install -U psutil`"),
            "psutil is not installed",
        ),
        (in_process("litmlp.errors.UserError: lr: too small"), "lr: too small"),
    ],
)
def test_mistake_is_one_line(error: Exception, line: str) -> None:
    said = explain(error)
    assert said is not None
    assert line in said
    assert "\n" not in said


def test_lack_of_memory_is_found_below_what_raised_later() -> None:
    with pytest.raises(RuntimeError) as lack:
        torch.empty(2**60)
    refused = UserError("model: cannot be built")
    refused.__cause__ = lack.value
    assert str(as_mistake(refused)).startswith("out of memory: a smaller data.batch")


@pytest.mark.parametrize(
    "bug",
    [
        KeyError("samples"),
        RuntimeError("b"),
        ModuleNotFoundError("mine"),
        in_process("KeyError: 1"),
    ],
)
def test_bug_has_no_line_and_keeps_its_traceback(
    bug: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(bug) is None
    assert as_mistake(bug) is bug
    report(bug)
    assert type(bug).__name__ in capsys.readouterr().err
    assert describe(KeyError("samples")) == "KeyError: 'samples'"


def test_any_error_of_a_file_from_elsewhere_is_a_mistake() -> None:
    with pytest.raises(UserError, match=r"a\.ckpt: KeyError: 'x'"), blame("a.ckpt"):
        {}["x"]
    with pytest.raises(UserError, match=r"^a mistake$"), blame("a.ckpt"):
        raise UserError("a mistake")


def test_names_of_the_table_are_those_of_classes() -> None:
    extras = "wandb.", "mlflow."  # packages that few environments have
    for name in (name for name in LINES if not name.startswith(extras)):
        module, _, kind = name.rpartition(".")
        found = getattr(__import__(module, fromlist=[kind]), kind)
        assert f"{found.__module__}.{found.__qualname__}" == name
