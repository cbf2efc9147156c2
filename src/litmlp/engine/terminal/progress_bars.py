"""Progress bars in a terminal: one display per process."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec

from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from litmlp.engine.terminal.console import console

_shown: ContextVar[Progress | None] = ContextVar("bars", default=None)


def can_show_bars() -> bool:
    """Return whether output goes to a terminal, or to a notebook that can draw bars."""
    in_notebook = console.is_jupyter and find_spec("ipywidgets") is not None
    return console.is_terminal or in_notebook


@contextmanager
def bars() -> Iterator[Progress]:
    """Yield the bars on display, or show new ones until the block ends.

    Lines that are printed in the block stand above the bars.
    """
    if (outer := _shown.get()) is not None:
        yield outer
        return
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        refresh_per_second=4,
        transient=True,
    )
    token = _shown.set(shown)
    try:
        with shown:
            yield shown
    finally:
        _shown.reset(token)
