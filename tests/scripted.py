"""A script in this process, for tests that run one hundreds of times."""

import contextlib
import io
import signal
import warnings
from collections.abc import Iterator
from types import FrameType

from conftest import exit_code

LONGEST = 120
"""Seconds that a script may take: what it is given here needs about one."""


def scripted(name: str, *arguments: str) -> tuple[int, str]:
    """The exit code of a script, and what it said of mistakes."""
    errors = io.StringIO()
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(errors),
        warnings.catch_warnings(action="ignore"),  # torch has its own about odd values
        ending(),
    ):
        code = exit_code(name, *arguments)
    return code, errors.getvalue()


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """What goes on for too long is an error."""
    before = signal.signal(signal.SIGALRM, _take_too_long)
    signal.alarm(LONGEST)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _take_too_long(number: int, frame: FrameType | None) -> None:
    raise AssertionError(f"it does not end within {LONGEST} s")
