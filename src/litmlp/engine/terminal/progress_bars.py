"""Bars in a terminal: those of a process are one display."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from litmlp.engine.terminal.console import console

Bars = Progress


class Shown:
    """What this process shows at the foot of its terminal."""

    bars: ClassVar[Bars | None] = None


@contextmanager
def bars() -> Iterator[Bars]:
    """Those that are shown already, or else new ones until the block ends.

    What is printed within the block stands above them.
    """
    if Shown.bars is not None:
        yield Shown.bars
        return
    shown = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        refresh_per_second=4,
        transient=True,
    )
    with shown:
        Shown.bars = shown
        try:
            yield shown
        finally:
            Shown.bars = None
