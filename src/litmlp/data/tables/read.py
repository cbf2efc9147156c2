"""Tables in files: opened by their content, read as a whole or in chunks."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl
from polars import selectors as cs

from litmlp.data.tables.cell_errors import row_number
from litmlp.data.tables.csv_layout import (
    check_rows,
    find_layout,
    has_short_rows,
    read_rows,
)
from litmlp.data.tables.file_format import (
    Format,
    existing_file,
    format_of,
    open_bytes,
)
from litmlp.errors import UserError, nearest

CHUNK_ROWS = 2**16


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file that holds a table.

    Attributes:
        path: as the user gave it.
        file: the file itself.
        format: by its content.
        names: of the columns, without outer spaces.
        separator, skip_rows: between the columns of a CSV file, and above its header.
    """

    path: str
    file: Path
    format: Format
    names: Sequence[str]
    separator: str = ","
    skip_rows: int = 0

    def place(self, row: int) -> str:
        """Name the line of a row, or its number in a file without lines."""
        if self.format != "csv":
            return row_number(row)
        rows = read_rows(self.file, self.separator, self.skip_rows)
        lines = (line for line, fields in rows if any(fields))
        line = next(islice(lines, row + 1, None), None)
        return row_number(row) if line is None else f"line {line:,}"

    def scan(self) -> pl.LazyFrame:
        """Scan a file; the columns of a CSV file are text, without blank lines."""
        if self.format == "csv":
            lazy = pl.scan_csv(
                self.file,
                infer_schema=False,
                separator=self.separator,
                skip_lines=self.skip_rows,
                glob=False,
            ).filter(pl.any_horizontal(pl.all().is_not_null()))
        else:
            lazy = scan_typed(self.file, self.format)
        stored = lazy.collect_schema().names()
        return lazy.rename(dict(zip(stored, self.names, strict=True)))

    def check_height(self, height: int) -> None:
        """Raise a UserError for a row of a CSV file with too few fields."""
        if self.format == "csv" and has_short_rows(
            self.file, self.separator, len(self.names), height
        ):
            check_rows(self.file, self.separator, self.skip_rows)


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
    if found == "csv":
        names, mark, above = find_layout(
            file, needed=needed, separator=separator, skip_rows=skip_rows
        )
        return Source(
            path=path,
            file=file,
            format=found,
            names=names,
            separator=mark,
            skip_rows=above,
        )
    with report_polars_errors(path):
        stored = scan_typed(file, found).collect_schema().names()
    names = [name.strip() for name in stored]
    if len(set(names)) < len(names):  # otherwise outer spaces tell them apart
        names = stored
    return Source(path=path, file=file, format=found, names=names)


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
        if source and source.format == "csv":
            check_rows(source.file, source.separator, source.skip_rows)
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
    chosen = cs.by_name(*(columns or source.names))
    with report_polars_errors(source.path, source):
        table = source.scan().select(chosen).collect()
    source.check_height(table.height)
    if not table.height:
        raise UserError(f"{source.path} has a header and no rows")
    return table


def read_chunks(source: Source, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Yield columns of some thousand rows each; those of a CSV file as text."""
    chosen = cs.by_name(*dict.fromkeys(columns))
    height = 0
    with report_polars_errors(source.path, source):
        lazy = source.scan().select(chosen)
        for chunk in lazy.collect_batches(chunk_size=CHUNK_ROWS, maintain_order=True):
            height += chunk.height
            yield chunk
    source.check_height(height)
