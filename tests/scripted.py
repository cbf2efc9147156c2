"""A script in this process, for tests that run one hundreds of times."""

import contextlib
import io
import runpy
import signal
import sys
import warnings
from collections.abc import Iterator
from types import FrameType
from unittest.mock import patch

import pytest
from conftest import ROOT

LONGEST = 120
"""Seconds that a script may take: what it is given here needs about one."""


def scripted(name: str, *arguments: str) -> tuple[int, str]:
    """The exit code of a script, and what it said of mistakes."""
    script, errors = str(ROOT / "scripts" / f"{name}.py"), io.StringIO()
    with (
        patch.object(sys, "argv", [script, *arguments]),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(errors),
        warnings.catch_warnings(action="ignore"),  # torch has its own about odd values
        ending(),
        pytest.raises(SystemExit) as end,
    ):
        runpy.run_path(script, run_name="__main__")
    return int(end.value.code or 0), errors.getvalue()


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
