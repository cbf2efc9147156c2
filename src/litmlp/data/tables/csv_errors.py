"""What is wrong with a CSV file, by its line."""

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from litmlp.errors import UserError


def check_header(file: Path) -> list[str]:
    """The column names of a CSV file, if its first line can be a header.

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


def rows_of(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file, the header among them, and the line each ends in.

    Raises:
        UserError: a row is not UTF-8, or cannot be one.
    """
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines)
        try:
            for row in rows:
                yield rows.line_num, row
        except UnicodeDecodeError as error:
            check_encoding(file)
            raise UserError(f"{file} is not UTF-8: {error}") from error
        except csv.Error as error:  # a field without end, for one
            raise UserError(f"{file}, line {rows.line_num}: {error}") from error


def check_encoding(file: Path) -> None:
    """Find the first line that is not UTF-8.

    Raises:
        UserError: there is one.
    """
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                raise UserError(
                    f"{file}, line {number} is not UTF-8 ({error.reason} "
                    f"0x{line[error.start]:02x}): save it with that encoding"
                ) from error


def check_fields(file: Path, width: int) -> None:
    """Find the first row that has more or fewer fields than the header.

    Raises:
        UserError: there is one.
    """
    for line, row in rows_of(file):
        if row and len(row) != width:
            raise UserError(
                f"{file}, line {line}: {len(row)} fields, and the header has {width}: "
                "a comma in a value needs quotes around it"
            )


def lacks_commas(file: Path, width: int, height: int) -> bool:
    """Whether rows must be short: there are fewer commas than fields need."""
    with file.open("rb") as blocks:
        commas = sum(b.count(b",") for b in iter(partial(blocks.read, 2**20), b""))
    return commas < (height + 1) * (width - 1)
