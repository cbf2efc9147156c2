"""Reading a CSV or Parquet file as a whole."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl
from polars import selectors as cs

from litmlp.data.tables.csv_errors import check_header, check_rows, has_short_rows
from litmlp.errors import UserError, nearest

Types = Mapping[str, type[pl.DataType]]
PARQUET = (".parquet", ".pq")
MISSING_VALUES = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"]
INFERRED_ROWS = 100_000
"""Rows of a CSV file that the columns' types are inferred from, if the others fit."""


@contextmanager
def report_polars_errors(path: str) -> Iterator[None]:
    """Raise a UserError where polars cannot read a file, with the line of a CSV."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        if not is_parquet(path):
            check_rows(Path(path))
        reason = str(error).split("\n")[0][:200]
        raise UserError(f"{path} cannot be read: {reason}") from error


def is_parquet(path: str) -> bool:
    """Whether a file is Parquet, by its name."""
    return Path(path).suffix.lower() in PARQUET


def header_of(path: str) -> list[str]:
    """Read the column names of a ``.csv`` or ``.parquet`` file.

    Raises:
        UserError: the file does not exist, cannot be read, or has two columns of one
            name.
    """
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file")
    with report_polars_errors(path):
        if is_parquet(path):
            return pl.scan_parquet(path).collect_schema().names()
        return check_header(Path(path))


def read_table(
    path: str, columns: Sequence[str] | None = None, *, text: Collection[str] = ()
) -> pl.DataFrame:
    """Read all rows of a ``.csv`` or ``.parquet`` file, or some of its columns.

    Args:
        text: columns of a CSV file to be read as text, so that 007 stays 007.

    Raises:
        UserError: the file does not exist, cannot be read, has no rows, has two columns
            of one name, or lacks one of ``columns``.
    """
    names = header_of(path)
    for name in columns or []:
        if name not in names:
            raise UserError(f"{path} has no column {name}. {nearest(name, names)}")
    chosen = list(columns or names)
    with report_polars_errors(path):
        if is_parquet(path):
            table = pl.scan_parquet(path).select(chosen).collect()
        else:
            table = read_csv(path, chosen, {n: pl.String for n in text if n in names})
            if has_short_rows(Path(path), len(names), table.height):
                check_rows(Path(path))
    if not table.height:
        raise UserError(f"{path} has a header and no rows")
    return table


def read_csv(path: str, columns: Sequence[str], types: Types) -> pl.DataFrame:
    """Read columns of a CSV file; the types that are not given fit all of its rows."""
    with suppress(pl.exceptions.ComputeError):  # a later row does not fit the first
        table = parse_csv(path, columns, types, INFERRED_ROWS)
        first = table.head(INFERRED_ROWS).select(cs.string())
        unknown = any(column.null_count() == len(column) for column in first)
        if table.height <= INFERRED_ROWS or not unknown:
            return table
    return parse_csv(path, columns, types, None)


def parse_csv(
    path: str, columns: Sequence[str], types: Types, inferred_rows: int | None
) -> pl.DataFrame:
    """Read columns of a CSV file, with types inferred from its first rows."""
    lazy = pl.scan_csv(
        path,
        null_values=MISSING_VALUES,
        infer_schema_length=inferred_rows,
        try_parse_dates=True,
        schema_overrides=types,
    )
    return lazy.select(columns).collect()
