"""What a person sees: tables and lines, on the console and in the run's log."""

import io
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table

from litmlp.environment import conceal

# A pipe has no width: a table should not be folded to 80 columns in it.
WIDTH = None if sys.stdout.isatty() else 160

CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""Characters that move a terminal's cursor, recolour it or turn its text around."""


def printable(text: str) -> str:
    """A text as a terminal may show it: nothing secret, no commands to the terminal."""
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", conceal(text))


class PrintableConsole(Console):
    """Shows texts from files, which may come from anywhere, as :func:`printable`."""

    @property
    def file(self) -> IO[str]:
        """Where it writes: while bars are shown, above them (rich's own would not)."""
        return self._file or sys.stdout

    @file.setter
    def file(self, new: IO[str]) -> None:
        self._file = new

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)


console = PrintableConsole(highlight=False, markup=False, width=WIDTH)
log = logging.getLogger("litmlp")


@contextmanager
def only_logged(active: bool) -> Iterator[None]:
    """Keep what is shown within the block to the log, as for the members of a sweep."""
    before, console.quiet = console.quiet, active
    try:
        yield
    finally:
        console.quiet = before


@contextmanager
def unsaid() -> Iterator[None]:
    """Neither show nor log what is said within the block."""
    with only_logged(True):
        before, log.disabled = log.disabled, True
        try:
            yield
        finally:
            log.disabled = before


def show(content: RenderableType) -> str:
    """Print a line or table, and log it as plain text, which is returned."""
    if not console.quiet:  # rich would lay a table out all the same
        console.print(content, soft_wrap=isinstance(content, str))
    plain = as_text(content)
    for line in plain.splitlines():
        if line.strip():
            log.info(line.rstrip())
    return plain


def as_text(content: RenderableType) -> str:
    """A line or table without colours."""
    if isinstance(content, str):
        return printable(content)
    plain = PrintableConsole(
        file=io.StringIO(), width=160, color_system=None, markup=False
    )
    with plain.capture() as captured:
        plain.print(content)
    return captured.get()


def shortest(path: Path) -> Path:
    """A path as one would type it here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def table(*columns: str) -> Table:
    """An empty table in the house's style: first column text, the others numbers."""
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        result.add_column(column, justify="right" if number else "left")
    return result
