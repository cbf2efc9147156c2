"""What a person sees: tables and lines on the console, also written to the run's log."""

import io
import logging

from rich.console import Console, RenderableType
from rich.table import Table

console = Console(highlight=False)
log = logging.getLogger("litmlp")


def show(content: RenderableType) -> None:
    """Print a line or table, and write it to the log as plain text."""
    console.print(content)
    plain = Console(file=io.StringIO(), width=100, color_system=None)
    plain.print(content)
    for line in plain.file.getvalue().rstrip().splitlines():  # type: ignore[attr-defined]  # a StringIO
        log.info(line)


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table in the house's style: first column text, the others numbers."""
    result = Table(title=title, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        result.add_column(column, justify="right" if number else "left")
    return result
