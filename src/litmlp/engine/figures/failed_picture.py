"""The one place where a picture that fails becomes a line."""

from collections.abc import Iterator
from contextlib import contextmanager

from litmlp.engine.terminal.console import show


@contextmanager
def report_failed_picture() -> Iterator[None]:
    """Report a picture that cannot be drawn in one line: a result is worth more."""
    try:
        yield
    except Exception as error:  # any error of matplotlib, such as a missing font
        reason = str(error).partition("\n")[0][:200]
        show(f"a picture is left out: {type(error).__name__}: {reason}")
