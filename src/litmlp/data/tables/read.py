"""A table's rows and columns: from a file to numbers."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import polars as pl
import torch
from polars import selectors as cs
from torch import Tensor

from litmlp.data.samples import Column, Kind
from litmlp.data.tables.column_kinds import as_text, check_kind, kind_of, read_text
from litmlp.data.tables.csv_errors import (
    check_encoding,
    check_fields,
    check_header,
    lacks_commas,
)
from litmlp.data.tables.survival import refuse_deadly
from litmlp.errors import UserError, nearest

PARQUET = (".parquet", ".pq")
MISSING_VALUES = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"]
INFERRED_ROWS = 100_000
"""Rows of a CSV file that tell its columns' types, as long as the others fit."""


def read_table(
    path: str, columns: Sequence[str] | None = None, *, text: Collection[str] = ()
) -> pl.DataFrame:
    """All rows of a ``.csv`` or ``.parquet`` file, or some of its columns.

    Args:
        text: columns of a CSV file to be taken as they stand there: 007 is not 7.

    Raises:
        UserError: the file is not there, cannot be read, is empty, has no rows, has two
            columns of one name, or lacks one of ``columns``.
    """
    file = Path(path)
    if not file.is_file():
        raise UserError(f"{path}: no such file")
    is_parquet = file.suffix.lower() in PARQUET
    if is_parquet:
        refuse_deadly(file)
    try:
        names = (
            pl.scan_parquet(file).collect_schema().names()
            if is_parquet
            else check_header(file)
        )
        for name in columns or []:
            if name not in names:
                raise UserError(f"{path} has no column {name}. {nearest(name, names)}")
        chosen = list(columns or names)
        table = (
            pl.scan_parquet(file).select(chosen).collect()
            if is_parquet
            else read_csv(file, chosen, [name for name in text if name in names])
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        if not is_parquet:
            check_encoding(file)
            check_fields(file, len(names))
        reason = str(error).split("\n")[0][:200]
        raise UserError(f"{path} cannot be read: {reason}") from error
    if not table.height:
        raise UserError(f"{path} has a header and no rows")
    if not is_parquet and lacks_commas(file, len(names), table.height):
        check_fields(file, len(names))
    return table


def read_csv(file: Path, columns: Sequence[str], text: Sequence[str]) -> pl.DataFrame:
    """Columns of a CSV file, with the types that all of its rows have."""
    try:
        table = parse_csv(file, columns, text, INFERRED_ROWS)
    except pl.exceptions.ComputeError:  # a later row does not fit the first ones
        return parse_csv(file, columns, text, None)
    first = table.head(INFERRED_ROWS).select(cs.string())
    unknown = any(column.null_count() == len(column) for column in first)
    if unknown and table.height > INFERRED_ROWS:
        return parse_csv(file, columns, text, None)
    return table


def parse_csv(
    file: Path, columns: Sequence[str], text: Sequence[str], inferred_rows: int | None
) -> pl.DataFrame:
    """Columns of a CSV file, with the types that its first rows have."""

    def scan(types: Mapping[str, type[pl.DataType]]) -> pl.LazyFrame:
        return pl.scan_csv(
            file,
            null_values=MISSING_VALUES,
            infer_schema_length=inferred_rows,
            try_parse_dates=True,
            schema_overrides=types,
        )

    types: dict[str, type[pl.DataType]] = dict.fromkeys(text, pl.String)
    found = scan(types).collect_schema()
    # Digits beyond 64 bits are lost in any case; beyond 128 they could not be read.
    types |= {n: pl.Float64 for n, kind in found.items() if kind == pl.Int128}
    return scan(types).select(columns).collect()


def describe_columns(
    table: pl.DataFrame, kinds: Mapping[str, str] | None = None
) -> list[Column]:
    """The columns of a table of features, categories in sorted order.

    Args:
        kinds: those that are said; the others are told from the values.

    Raises:
        UserError: a column is no feature, or not of the kind that is said.
    """
    said = kinds or {}
    found = {
        column.name: check_kind(column, said[column.name])
        if column.name in said
        else kind_of(column)
        for column in table
    }
    return [
        Column(name=name, kind=kind, categories=categories_of(table[name], kind))
        for name, kind in found.items()
    ]


def categories_of(column: pl.Series, kind: Kind) -> list[str]:
    """The distinct values of a categorical column."""
    if kind != "categorical":
        return []
    return as_text(column.drop_nulls().unique().sort()).drop_nulls().to_list()


def to_inputs(
    table: pl.DataFrame, columns: Sequence[Column], *, first_line: int = 2
) -> Tensor:
    """Raw features [rows, columns] in torch's default type: see ``Samples.inputs``.

    Args:
        first_line: where the rows begin in their file, for messages.

    Raises:
        UserError: a column is not of the kind that it should be.
    """
    inputs = torch.empty(table.height, len(columns))
    for i, column in enumerate(columns):
        inputs[:, i] = to_input(table[column.name], column, first_line)
    return inputs


def to_input(values: pl.Series, column: Column, first_line: int = 2) -> Tensor:
    """One raw feature [rows], NaN where it is missing."""
    numbers = as_numbers(values, column, first_line).cast(pl.Float64)
    return torch.from_numpy(numbers.fill_null(float("nan")).to_numpy().copy())


def as_numbers(values: pl.Series, column: Column, first_line: int) -> pl.Series:
    """A column as numbers, null where a value is missing."""
    if values.null_count() == len(values):
        return pl.repeat(None, len(values), dtype=pl.Float64, eager=True)
    if column.kind == "categorical":
        codes = {name: float(code) for code, name in enumerate(column.categories)}
        text = as_text(values)
        known = text.replace_strict(codes, default=-1.0, return_dtype=pl.Float64)
        return known.set(text.is_null(), None)
    trained_on = f"the model was trained on {column.kind} values"
    if values.dtype == pl.String:
        values = read_text(values, column.kind, trained_on, first_line)
    if column.kind == "datetime" and values.dtype in (pl.Date, pl.Datetime):
        return values.cast(pl.Datetime("us")).dt.timestamp("us") / 86_400e6
    if column.kind in ("numeric", "boolean") and (
        values.dtype.is_numeric() or values.dtype == pl.Boolean
    ):
        return values
    raise UserError(f"column {column.name} is {values.dtype}, and {trained_on}")
