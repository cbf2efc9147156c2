"""A report on the console: short."""

from itertools import compress

from litmlp.engine.report.sections import Section
from litmlp.engine.report.text_tables import INTERVAL, TextTable
from litmlp.engine.terminal.console import console, table

MOST_ROWS = 20
"""Rows of a table; the tables of several problems share them."""


def show_section(section: Section, most: int = MOST_ROWS) -> None:
    """Show the table of a section, and below it, where a terminal ends, its lines."""
    console.print(section.heading, style="bold")
    if section.table:
        show_table(section.table, most)
    for label, text in section.lines:
        console.print(f"{label:<12} {text}", soft_wrap=True)


def show_table(content: TextTable, most: int) -> None:
    """Show the first rows of a table, and the number of rows left out."""
    kept = [name != INTERVAL for name in content.columns]
    result = table(*compress(content.columns, kept))
    for column in result.columns[1 : content.left]:
        column.justify = "left"
    for row in content.rows[:most]:
        result.add_row(*compress(row, kept))
    console.print(result)
    if len(content.rows) > most:
        console.print(f"… and {len(content.rows) - most} more in the report")
