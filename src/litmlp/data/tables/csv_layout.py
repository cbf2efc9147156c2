"""The layout of a CSV file: where its header is, and what separates its columns."""

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from litmlp.data.tables.csv_errors import decode
from litmlp.data.tables.file_formats import open_bytes
from litmlp.errors import UserError

SEPARATORS = ",;\t|"
LINES = 50
"""Lines that are looked at."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The layout of a CSV file.

    Attributes:
        skip_rows: lines above the header.
        separator: between columns.
        names: the header without outer spaces.
    """

    skip_rows: int
    separator: str
    names: Sequence[str]


def find_layout(
    file: Path,
    *,
    needed: Collection[str] = (),
    separator: str | None = None,
    skip_rows: int = 0,
) -> Layout:
    """Find the header and the separator of a CSV file.

    Args:
        needed: names that the header must have, if they are known; then it may stand
            below other lines and be separated by any character.
        separator: given by the user; None to find it.
        skip_rows: number of lines above the header.

    Raises:
        UserError: there is no header, or it has a name twice.
    """
    with open_bytes(file) as content:
        lines = list(islice(decode(file, content), skip_rows + LINES))
    first = next((i for i in range(skip_rows, len(lines)) if lines[i].strip()), None)
    if first is None:
        raise UserError(f"{file} is empty: it needs a header and rows")
    found = [separator] if separator else list(SEPARATORS)
    layout = best_layout(lines, first, found)
    if needed and not set(needed) <= set(layout.names):
        layout = layout_of_names(lines, needed) or layout
    twice = sorted({name for name in layout.names if layout.names.count(name) > 1})
    if twice:
        named = ", ".join(name or "without a name" for name in twice)
        raise UserError(f"{file}: column {named} is there twice: rename one")
    return layout


def best_layout(lines: Sequence[str], first: int, separators: Sequence[str]) -> Layout:
    """Return the layout in which most rows are as wide as the header."""

    def fit(separator: str) -> tuple[bool, float, int]:
        rows = [row for row in split(lines[first:], separator) if row]
        width = len(rows[0]) if rows else 0
        same = sum(len(row) == width for row in rows) / max(1, len(rows))
        return width > 1, same, width

    best = max(separators, key=fit)
    return layout_at(lines, first, best)


def layout_of_names(lines: Sequence[str], needed: Collection[str]) -> Layout | None:
    """Return the layout whose header has all needed names, wherever it stands."""
    for first, line in enumerate(lines):
        marks = {mark for mark in line if not mark.isalnum() and mark not in "\"'\r\n_"}
        for separator in sorted(marks, key=lambda mark: (mark not in SEPARATORS, mark)):
            layout = layout_at(lines, first, separator)
            if set(needed) <= set(layout.names):
                return layout
    return None


def layout_at(lines: Sequence[str], first: int, separator: str) -> Layout:
    """Return the layout with the header at one line."""
    header = next(iter(split(lines[first:], separator)), [])
    names = [name.strip() for name in header]
    return Layout(skip_rows=first, separator=separator, names=names)


def split(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Split lines into fields, as far as they can be."""
    rows: list[list[str]] = []
    try:
        rows += csv.reader(lines, delimiter=separator)
    except csv.Error:  # such as a field without end: the rows before it will do
        return rows
    return rows
