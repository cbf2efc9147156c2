"""CSV files: where the header is, what separates columns, and which line is wrong."""

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from litmlp.data.tables.file_format import open_bytes
from litmlp.errors import UserError

SEPARATORS = ",;\t|"
LINES = 50
"""Lines in which the header and the separator are looked for."""


def find_layout(
    file: Path,
    *,
    needed: Collection[str] = (),
    separator: str | None = None,
    skip_rows: int = 0,
) -> tuple[list[str], str, int]:
    """Find the names in the header of a CSV file, its separator and its place.

    Args:
        needed: names that the header must have, if they are known; then it may stand
            below other lines and be separated by any character.
        separator: given by the user; None to find it.
        skip_rows: number of lines above the header.

    Returns:
        names without outer spaces, the separator, and the lines above the header.
    """
    with open_bytes(file) as content:
        lines = list(islice(decode(file, content), skip_rows + LINES))
    first = next((i for i in range(skip_rows, len(lines)) if lines[i].strip()), None)
    if first is None:
        raise UserError(f"{file} is empty: it needs a header and rows")
    mark = separator or max(SEPARATORS, key=partial(fit, lines[first:]))
    names = header(lines[first:], mark)
    if not set(needed) <= set(names):
        for at, other in possible_layouts(lines):
            if set(needed) <= set(found := header(lines[at:], other)):
                names, mark, first = found, other, at
                break
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        named = ", ".join(name or "without a name" for name in twice)
        raise UserError(f"{file}: column {named} is there twice: rename one")
    return names, mark, first


def fit(lines: Sequence[str], separator: str) -> tuple[bool, float, int]:
    """Return a higher value where more rows are as wide as the first one."""
    widths = [len(row) for row in split(lines, separator) if row]
    same = widths.count(widths[0]) / len(widths) if widths else 0.0
    width = widths[0] if widths else 0
    return width > 1, same, width


def possible_layouts(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield each line with each character that may separate its fields."""
    for at, line in enumerate(lines):
        for mark in dict.fromkeys(SEPARATORS + line):
            if not mark.isalnum() and mark not in "\"'\r\n_":
                yield at, mark


def header(lines: Sequence[str], separator: str) -> list[str]:
    """Return the fields of the first row, without outer spaces."""
    return [name.strip() for name in next(split(lines, separator), [])]


def split(lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    """Yield lines as fields, up to a field without end."""
    try:
        yield from csv.reader(lines, delimiter=separator)
    except csv.Error:
        return


def check_rows(file: Path, separator: str, skip_rows: int) -> None:
    """Raise a UserError for the first row with more or fewer fields than the header."""
    rows = read_rows(file, separator, skip_rows)
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


def read_rows(
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
    """Return whether the file has fewer separators than its fields need.

    polars fills up short rows without a word, and :func:`check_rows` takes too long to
    be called for each file.
    """
    mark = separator.encode()
    with open_bytes(file) as blocks:
        count = sum(b.count(mark) for b in iter(partial(blocks.read, 2**20), b""))
    return count < (height + 1) * (width - 1)
