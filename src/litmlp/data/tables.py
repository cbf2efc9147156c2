"""Reading a table and telling what its columns are."""

import csv
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import torch
from polars import selectors as cs
from torch import Tensor

from litmlp.data.samples import Column, Kind
from litmlp.errors import UserError, nearest

PARQUET = (".parquet", ".pq")
MISSING_VALUES = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"]
MOST_CATEGORIES = 1000
"""A text column with more distinct values is free text, or an identifier."""
MOST_TEXT_CLASSES = 0.5
"""Likewise one in which more than this share of the values is distinct."""


def read_table(path: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """All rows of a ``.csv`` or ``.parquet`` file, or some of its columns.

    Raises:
        UserError: the file is not there, cannot be read, is empty, has no rows, has two
            columns of one name, or lacks one of ``columns``.
    """
    file = Path(path)
    if not file.is_file():
        raise UserError(f"{path}: no such file")
    is_parquet = file.suffix.lower() in PARQUET
    if not is_parquet:
        check_header(file)
    try:
        lazy = (
            pl.scan_parquet(file)
            if is_parquet
            else pl.scan_csv(
                file,
                null_values=MISSING_VALUES,
                infer_schema_length=None,
                try_parse_dates=True,
            )
        )
        names = lazy.collect_schema().names()
        for name in columns or []:
            if name not in names:
                raise UserError(f"{path} has no column {name}. {nearest(name, names)}")
        table = lazy.select(columns or names).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    if not table.height:
        raise UserError(f"{path} has a header and no rows")
    return table


def check_header(file: Path) -> None:
    """Refuse a CSV file whose first line cannot be a header.

    Raises:
        UserError: no content, another encoding than UTF-8, one column with another
            delimiter in its name, or two columns of one name.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            header = next(csv.reader(lines), [])
    except UnicodeDecodeError as error:
        raise UserError(
            f"{file} is not UTF-8 ({error}): save it with that encoding"
        ) from error
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


def kind_of(column: pl.Series) -> Kind:
    """What a column holds, told from its type and values.

    Raises:
        UserError: free text, or a type that is no feature.
    """
    if column.dtype.is_numeric():
        return "numeric"
    if column.dtype == pl.Boolean:
        return "boolean"
    if column.dtype in (pl.Date, pl.Datetime):
        return "datetime"
    if column.dtype == pl.Null:
        return "numeric"  # all missing: imputed, and of no use
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        distinct = column.drop_nulls().n_unique()
        share = distinct / max(1, len(column) - column.null_count())
        if distinct > MOST_CATEGORIES or (distinct > 20 and share > MOST_TEXT_CLASSES):
            raise UserError(
                f"column {column.name} is free text or an identifier ({distinct} "
                f"distinct values in {len(column)} rows): leave it out by "
                f"data.drop=[{column.name}]"
            )
        return "categorical"
    raise UserError(
        f"column {column.name} is {column.dtype}, which is no feature: leave it out by "
        f"data.drop=[{column.name}]"
    )


def describe_columns(table: pl.DataFrame) -> list[Column]:
    """The columns of a table of features, categories in sorted order."""
    return [
        Column(name=column.name, kind=kind, categories=categories_of(column, kind))
        for column in table
        for kind in [kind_of(column)]
    ]


def categories_of(column: pl.Series, kind: Kind) -> list[str]:
    """The distinct values of a categorical column."""
    if kind != "categorical":
        return []
    return column.drop_nulls().cast(pl.String).unique().sort().to_list()


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
        numbers = as_numbers(table[column.name], column, first_line)
        numbers = numbers.cast(pl.Float64).fill_null(float("nan"))
        inputs[:, i] = torch.from_numpy(numbers.to_numpy().copy())
    return inputs


def as_numbers(values: pl.Series, column: Column, first_line: int) -> pl.Series:
    """A column as numbers, null where a value is missing."""
    if values.null_count() == len(values):
        return pl.repeat(None, len(values), dtype=pl.Float64, eager=True)
    if column.kind == "categorical":
        codes = {name: float(code) for code, name in enumerate(column.categories)}
        text = values.cast(pl.String)
        known = text.replace_strict(codes, default=-1.0, return_dtype=pl.Float64)
        return known.set(text.is_null(), None)
    if values.dtype == pl.String:
        values = parsed(values, column, first_line)
    if column.kind == "datetime" and values.dtype in (pl.Date, pl.Datetime):
        return values.cast(pl.Datetime("us")).dt.timestamp("us") / 86_400e6
    if column.kind in ("numeric", "boolean") and (
        values.dtype.is_numeric() or values.dtype == pl.Boolean
    ):
        return values
    raise UserError(
        f"column {column.name} is {values.dtype}, and the model was trained on "
        f"{column.kind} values"
    )


def parsed(text: pl.Series, column: Column, first_line: int) -> pl.Series:
    """Numbers or times that a file holds as text.

    Raises:
        UserError: one of them is none.
    """
    if column.kind == "datetime":
        values = text.to_frame().select(cs.string().str.to_datetime(strict=False))
    else:
        truth = cs.string().replace({"true": "1", "false": "0"})
        values = text.to_frame().select(truth.cast(pl.Float64, strict=False))
    parsed = values.to_series()
    wrong = (parsed.is_null() & text.is_not_null()).arg_true()
    if len(wrong):
        raise UserError(
            f"column {column.name}, line {first_line + wrong[0]}: {text[wrong[0]]!r}, "
            f"and the model was trained on {column.kind} values"
        )
    return parsed
