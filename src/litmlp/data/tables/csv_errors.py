"""Checks of a CSV file that name the line at fault."""

import csv
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from litmlp.data.tables.file_formats import open_bytes
from litmlp.errors import UserError


def check_rows(file: Path, separator: str, skip_rows: int) -> None:
    """Raise a UserError for the first row with more or fewer fields than the header."""
    rows = rows_of(file, separator, skip_rows)
    width = len(next(rows, (0, []))[1])
    for line, row in rows:
        if row and len(row) != width:
            cure = (
                "a field is missing, or an empty one lacks its separator"
                if len(row) < width
                else f"a {separator!r} in a value needs quotes around it, and a column "
                "of row names (as R writes it) needs a name in the header"
            )
            raise UserError(
                f"{file}, line {line}: {len(row)} fields, and the header has {width}: "
                f"{cure}"
            )


def rows_of(
    file: Path, separator: str, skip_rows: int
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line that each row begins in and the row, the header included."""
    with open_bytes(file) as lines:
        texts = islice(decode(file, lines), skip_rows, None)
        rows = csv.reader(texts, delimiter=separator)
        line = skip_rows + 1
        try:
            for row in rows:
                yield line, row
                line = skip_rows + rows.line_num + 1
        except csv.Error as error:  # such as a field without end
            raise UserError(f"{file}, line {line}: {error}") from error


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


def has_short_rows(file: Path, separator: str, width: int, height: int) -> bool:
    """Whether the file has fewer separators than its fields need.

    polars fills up short rows without a word, and :func:`check_rows` takes too long to
    be called for each file.
    """
    mark = separator.encode()
    with open_bytes(file) as blocks:
        count = sum(b.count(mark) for b in iter(partial(blocks.read, 2**20), b""))
    return count < (height + 1) * (width - 1)
