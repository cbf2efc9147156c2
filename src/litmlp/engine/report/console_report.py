"""A report on the console: short."""

from dataclasses import replace
from itertools import compress

from rich.measure import Measurement
from rich.table import Table

from litmlp.engine.report.run_record import ABSENT
from litmlp.engine.report.sections import Section
from litmlp.engine.report.text_tables import INTERVAL, TextTable
from litmlp.engine.terminal.console import console, table

WIDEST = 10_000
"""A width in characters that no table exceeds."""

MOST_ROWS = 20
"""Rows of a table; the tables of several problems share them."""


def show_section(section: Section, most: int = MOST_ROWS) -> None:
    """Show a section: its table, and then its lines, which a reader sees last."""
    console.print(section.heading, style="bold")
    if section.table:
        show_table(section.table, most)
    for label, text in section.lines:
        console.print(f"{label:<12} {text}", soft_wrap=True)


def show_table(content: TextTable, most: int) -> None:
    """Show the first rows of a table, and the number of rows left out."""
    shown = replace(content, rows=content.rows[:most])
    result = as_table(shown)
    unbounded = console.options.update(max_width=WIDEST)
    if Measurement.get(console, unbounded, result).maximum > console.width:
        result = as_table(with_joined_words(shown))
    console.print(result)
    if len(content.rows) > most:
        console.print(f"… and {len(content.rows) - most} more in the report")


def as_table(content: TextTable) -> Table:
    """Return a table without the intervals, which only the page shows."""
    kept = [name != INTERVAL for name in content.columns]
    result = table(*compress(content.columns, kept))
    for column in result.columns[1 : content.left]:
        column.justify = "left"
    for row in content.rows:
        result.add_row(*compress(row, kept))
    return result


def with_joined_words(content: TextTable) -> TextTable:
    """Return a table for a narrow terminal: one column holds all words of a row.

    Words that all of several rows share are left out.
    """
    left, rows = content.left, content.rows
    columns = list(zip(*rows, strict=True))
    kept = [i for i in range(left) if len(rows) == 1 or len(set(columns[i])) > 1]
    joined = []
    for row in rows:
        said = [(content.columns[i], row[i]) for i in kept if row[i] != ABSENT]
        text = " ".join(f"{name}={text}" for name, text in said if text)
        joined.append([text, *row[left:]])
    names = ["choices", *content.columns[left:]]
    return replace(content, columns=names, rows=joined, left=1)
