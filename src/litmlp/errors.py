"""One clear error for a user's mistake: what came, what is allowed, how to fix it."""

import difflib
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from litmlp.engine.terminal.console import printable

CONF = Path(__file__).parents[2] / "conf"


class UserError(ValueError):
    """A mistake in a configuration, a file or a call; its text is all a user sees.

    Args:
        message: what came, what is allowed, how to fix it.
        where: the config's key, once it is known.
    """

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.where = where


@contextmanager
def prefixed(source: str) -> Iterator[None]:
    """Mistakes found within the block name the file that they are in."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{source}: {error}") from error


def nearest(given: str, allowed: Iterable[str]) -> str:
    """The end of a message: the nearest allowed name, if one is near, and all of them.

    >>> nearest("adm", ["adam", "sgd"])
    'Did you mean adam? Allowed: adam, sgd'
    """
    names = sorted(name for name in allowed if not name.startswith("_"))
    close = difflib.get_close_matches(given, names, n=1)
    guess = f"Did you mean {close[0]}? " if close else ""
    return f"{guess}Allowed: {', '.join(names) or 'nothing'}"


def describe(error: Exception) -> str:
    """One line for an error of ours, of Hydra's, of OmegaConf's or of the disk's."""
    cause = error.__cause__
    if isinstance(cause, OSError) and not isinstance(error, UserError):
        return describe(cause)  # of a log that cannot be opened, which names no file
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    if isinstance(error, MissingConfigException) and error.options is not None:
        file = str(error.missing_cfg_file)
        # Options may be nested; among Hydra's own it is groups that are.
        split = file.rpartition if file.startswith("hydra/") else file.partition
        group, _, option = split("/")
        files = (CONF / group).rglob("*.yaml")
        nested = {
            file.relative_to(CONF / group).with_suffix("").as_posix() for file in files
        }
        known = nested.union(error.options)
        return f"{group}={option}: no such option. {nearest(option, known)}"
    if isinstance(error, OverrideParseException):
        return (
            f"{error.override}: not of the form key=value; quote what has spaces or "
            "signs in it: 'key=\"a = b\"'"
        )
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key} is needed: give {error.full_key}=…"
    if isinstance(cause, OmegaConfBaseException):
        parent, key = cause.parent_node, str(cause.key)
        if isinstance(parent, DictConfig) and key not in parent:
            names = map(str, parent)
            return f"{cause.full_key}: no such key. {nearest(key, names)}"
    return " ".join(str(error).split())


def fail(error: Exception, full: bool) -> NoReturn:
    """Say what was wrong and end the process with exit code 1."""
    report(error, full)
    sys.exit(1)


def report(error: Exception, full: bool, source: str = "") -> None:
    """One line on stderr, or everything.

    Args:
        source: whose error it is, where that is not plain from what was said before.
    """
    if full:
        text = "".join(traceback.format_exception(error))
        lines = [f"error: {source}", text] if source else [text]
    else:
        lines = [" ".join(f"error: {source} {describe(error)}".split())]
    for line in lines:
        print(printable(line), file=sys.stderr)
