"""Tables in files: opened by their content, read as a whole or in chunks."""

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import polars as pl
from polars import selectors as cs

from litmlp.data.tables.cell_errors import row_number
from litmlp.data.tables.csv_errors import check_rows, has_short_rows, rows_of
from litmlp.data.tables.csv_layout import Layout, find_layout
from litmlp.data.tables.file_formats import (
    Format,
    existing_file,
    format_of,
    open_bytes,
)
from litmlp.errors import UserError, nearest

log = logging.getLogger(__name__)

CSV_BYTES = 2**21
TYPED_ROWS = 2**16
"""Rows of a chunk of a file that stores types, such as Parquet."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file that holds a table.

    Attributes:
        path: as the user gave it.
        file: the file itself.
        format: by its content.
        layout: of a CSV file.
        names: of the columns, without outer spaces.
    """

    path: str
    file: Path
    format: Format
    layout: Layout | None
    names: Sequence[str]

    def place(self, row: int) -> str:
        """Name the line of a row, or its number in a file without lines."""
        if self.layout is None:
            return row_number(row)
        rows = rows_of(self.file, self.layout.separator, self.layout.skip_rows)
        lines = (line for line, fields in rows if any(fields))
        line = next(islice(lines, row + 1, None), None)
        return row_number(row) if line is None else f"line {line:,}"

    def scan(self) -> pl.LazyFrame:
        """Scan a file; the columns of a CSV file are text."""
        lazy = self.scan_as_stored()
        pairs = zip(lazy.collect_schema().names(), self.names, strict=True)
        return lazy.select(cs.by_name(old).alias(new) for old, new in pairs)

    def scan_as_stored(self) -> pl.LazyFrame:
        """Scan a file under the names that it has, with their outer spaces."""
        if self.layout is None:
            return scan_typed(self.file, self.format)
        return pl.scan_csv(
            self.file,
            infer_schema=False,
            separator=self.layout.separator,
            skip_lines=self.layout.skip_rows,
            glob=False,
        )


def open_source(
    path: str,
    *,
    needed: Collection[str] = (),
    separator: str | None = None,
    skip_rows: int = 0,
) -> Source:
    """Find the format and the columns of a file: CSV, Parquet, Arrow or NDJSON.

    Args:
        path: taken literally, but for ``~``; gzip may have packed CSV or NDJSON.
        needed: names that a CSV header must have, if they are known.
        separator, skip_rows: of a CSV file; see ``find_layout``.

    Raises:
        UserError: there is no such file, it is no table, or has a name twice.
    """
    file = existing_file(path)
    found = format_of(file)
    layout = None
    if found == "csv":
        layout = find_layout(
            file, needed=needed, separator=separator, skip_rows=skip_rows
        )
        names = list(layout.names)
    else:
        with report_polars_errors(path):
            stored = scan_typed(file, found).collect_schema().names()
        names = [name.strip() for name in stored]
        if len(set(names)) < len(names):  # otherwise outer spaces tell them apart
            names = stored
    return Source(path=path, file=file, format=found, layout=layout, names=names)


def scan_typed(file: Path, found: Format) -> pl.LazyFrame:
    """Scan a file that stores types."""
    if found == "parquet":
        return pl.scan_parquet(file, glob=False)
    if found == "ndjson":
        with open_bytes(file) as content:
            return pl.read_ndjson(content.read(), infer_schema_length=None).lazy()
    with file.open("rb") as content:
        read = pl.read_ipc if found == "arrow" else pl.read_ipc_stream
        return read(content).lazy()


@contextmanager
def report_polars_errors(path: str, source: Source | None = None) -> Iterator[None]:
    """Raise a UserError where polars cannot read a file, with the line of a CSV."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        if source and source.layout:
            check_rows(source.file, source.layout.separator, source.layout.skip_rows)
        reason = str(error).split("\n")[0][:200]
        raise UserError(f"{path} cannot be read: {reason}") from error


def read_table(source: Source, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read all rows of a file, or some of its columns; those of a CSV file as text.

    Raises:
        UserError: the file cannot be read, has no rows, or lacks one of ``columns``.
    """
    for name in columns or []:
        if name not in source.names:
            raise UserError(
                f"{source.path} has no column {name}. {nearest(name, source.names)}"
            )
    chosen = list(columns or source.names)
    with report_polars_errors(source.path, source):
        table = source.scan().select(cs.by_name(*chosen)).collect()
    if layout := source.layout:
        width = len(source.names)
        if has_short_rows(source.file, layout.separator, width, table.height):
            check_rows(source.file, layout.separator, layout.skip_rows)
        if columns is None and (blank := table.height - len(filled_rows(table))):
            log.info(f"{source.path}: {blank:,} blank lines are left out")
            table = filled_rows(table)
    if not table.height:
        raise UserError(f"{source.path} has a header and no rows")
    stored = source.scan_as_stored().collect_schema().names() if columns is None else []
    if spaced := sum(
        name.strip() in source.names and name != name.strip() for name in stored
    ):
        log.info(f"{source.path}: outer spaces of {spaced:,} names are left out")
    return table


def filled_rows(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a table with a value in any column."""
    if not table.width or not table.to_series(0).null_count():
        return table
    return table.filter(~pl.all_horizontal(pl.all().is_null()))


def read_chunks(source: Source, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Yield columns of some thousand rows each; those of a CSV file as text."""
    names = list(dict.fromkeys(columns))
    with report_polars_errors(source.path, source):
        layout = source.layout
        if layout is None:
            lazy = source.scan().select(cs.by_name(*names))
            yield from lazy.collect_batches(chunk_size=TYPED_ROWS, maintain_order=True)
            return
        places = sorted(source.names.index(name) for name in names)
        with open_bytes(source.file) as content:
            for _ in range(layout.skip_rows):
                content.readline()
            header = next_row(content)
            for lines in whole_rows(content):
                # polars overlooks fields of columns that it does not read.
                uneven = has_uneven_rows(lines, layout.separator, len(source.names))
                chunk = pl.read_csv(
                    header + lines,
                    columns=None if uneven else places,
                    infer_schema=False,
                    separator=layout.separator,
                )
                if uneven:
                    chunk = filled_rows(chunk)[:, places]
                    mark = lines.count(layout.separator.encode())
                    if mark < chunk.height * (len(source.names) - 1):
                        check_rows(source.file, layout.separator, layout.skip_rows)
                chunk.columns = [source.names[place] for place in places]
                yield chunk


def has_uneven_rows(lines: bytes, separator: str, width: int) -> bool:
    """Say whether a row may have more or fewer fields than the header, or none."""
    rows = lines.count(b"\n") + (not lines.endswith(b"\n"))
    return lines.count(separator.encode()) != rows * (width - 1)


def next_row(content: BinaryIO) -> bytes:
    """Return the next line of a CSV file, or lines up to the end of a quoted value."""
    row = content.readline()
    while row.count(b'"') % 2 and (line := content.readline()):
        row += line
    return row


def whole_rows(content: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a CSV file in blocks that end at the end of a row."""
    rest = b""
    while block := content.read(CSV_BYTES):
        rest += block
        end = rest.rfind(b"\n")
        while end >= 0 and rest.count(b'"', 0, end) % 2:  # a line break within quotes
            end = rest.rfind(b"\n", 0, end)
        if end >= 0:
            yield rest[: end + 1]
            rest = rest[end + 1 :]
    if rest.strip():
        yield rest
