"""Checks of a CSV file that name the line at fault."""

import csv
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from litmlp.errors import UserError


def check_header(file: Path) -> list[str]:
    """Return the column names of a CSV file, if its first line can be a header.

    Raises:
        UserError: no content, another encoding than UTF-8, one column with another
            delimiter in its name, or two columns of one name.
    """
    _, header = next(rows_of(file), (0, []))
    if not header:
        raise UserError(f"{file} is empty: it needs a header and rows")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise UserError(
            f"{file}: the header {header[0]!r} is one column: columns must be "
            "separated by commas"
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise UserError(f"{file}: column {', '.join(twice)} is there twice: rename one")
    return header


def check_rows(file: Path) -> None:
    """Raise a UserError for the first row with more or fewer fields than the header."""
    rows = rows_of(file)
    width = len(next(rows, (0, []))[1])
    for line, row in rows:
        if row and len(row) != width:
            raise UserError(
                f"{file}, line {line}: {len(row)} fields, and the header has {width}: "
                "a comma in a value needs quotes around it"
            )


def rows_of(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line that each row ends in and the row, the header included."""
    with file.open("rb") as lines:
        rows = csv.reader(decode(file, lines))
        try:
            for row in rows:
                yield rows.line_num, row
        except csv.Error as error:  # such as a field without end
            raise UserError(f"{file}, line {rows.line_num}: {error}") from error


def decode(file: Path, lines: Iterable[bytes]) -> Iterator[str]:
    """Yield lines as text; raise a UserError for a line that is not UTF-8."""
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise UserError(
                f"{file}, line {number} is not UTF-8 ({error.reason} "
                f"0x{error.object[error.start]:02x}): save it with that encoding"
            ) from error


def has_short_rows(file: Path, width: int, height: int) -> bool:
    """Whether the file has fewer commas than its fields need.

    polars fills up short rows without a word, and :func:`check_rows` takes too long to
    be called for each file.
    """
    with file.open("rb") as blocks:
        commas = sum(b.count(b",") for b in iter(partial(blocks.read, 2**20), b""))
    return commas < (height + 1) * (width - 1)
