"""Lines and tables, shown on the console and written to the run's log."""

import logging
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table

# A pipe has no width: a table should not be folded to 80 columns in it.
WIDTH = None if sys.stdout.isatty() else 160

CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""Characters that move a terminal's cursor, recolour or reverse its text."""


def printable(text: str) -> str:
    """Return a text without commands to the terminal that shows it."""
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


class SafeConsole(Console):
    """A console that shows every text :func:`printable`, whatever file it is from."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)


console = SafeConsole(highlight=False, markup=False, width=WIDTH)
log = logging.getLogger("litmlp")

_only_logged = ContextVar("only_logged", default=False)


class ShowHandler(logging.Handler):
    """Shows lines that the data log, since the data import nothing of the engine."""

    def emit(self, record: logging.LogRecord) -> None:
        show(record.getMessage())


data_log = logging.getLogger("litmlp.data")
data_log.setLevel(logging.INFO)
data_log.propagate = False  # show() logs each line itself
data_log.addHandler(ShowHandler())


@contextmanager
def only_logged(active: bool) -> Iterator[None]:
    """Let :func:`show` write to the log alone, as for the runs of a sweep."""
    token = _only_logged.set(active or _only_logged.get())
    try:
        yield
    finally:
        _only_logged.reset(token)


def show(content: Table | str) -> str:
    """Print a line or table, log it as plain text, and return that text."""
    if not _only_logged.get():
        console.print(content, soft_wrap=isinstance(content, str))
    plain = as_text(content)
    for line in plain.splitlines():
        if line.strip():
            log.info(line.rstrip())
    return plain


def as_text(content: Table | str) -> str:
    """Return a line or table without colours."""
    if isinstance(content, Table):
        return printable("\n".join(plain_lines(content)))
    return printable(content)


def plain_lines(content: Table) -> Iterator[str]:
    """Yield the lines of a table, without folding cells, in a tenth of rich's time.

    Each run of a sweep logs several tables.
    """
    columns = [[str(c.header), *map(str, c.cells)] for c in content.columns]
    widths = [max(map(cell_len, column)) for column in columns]
    to_the_right = [column.justify == "right" for column in content.columns]
    ends = [0, *(i for i, row in enumerate(content.rows, 1) if row.end_section)]
    for number, row in enumerate(zip(*columns, strict=True)):
        cells = []
        for cell, width, right in zip(row, widths, to_the_right, strict=True):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if right else cell + space)
        yield f" {'   '.join(cells)}"
        if number in ends:
            line = "" if number else "─" * (sum(widths) + 3 * (len(widths) - 1))
            yield f" {line}"


def shortest(path: Path) -> Path:
    """Return a path relative to the working directory, if the path is below it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def table(*columns: str) -> Table:
    """Return an empty table: the first column is for text, the others for numbers."""
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        result.add_column(column, justify="right" if number else "left")
    return result
