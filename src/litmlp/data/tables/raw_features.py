"""Raw features of a network from the columns of a table."""

from collections.abc import Sequence

import polars as pl
import torch
from torch import Tensor

from litmlp.data.samples import Column
from litmlp.data.tables.column_kinds import FIRST_LINE, as_text, parse_as
from litmlp.errors import UserError


def to_inputs(
    table: pl.DataFrame, columns: Sequence[Column], *, first_line: int = FIRST_LINE
) -> Tensor:
    """Raw features [rows, columns] in torch's default type: see ``Samples.inputs``.

    Args:
        first_line: line of the first row in the file, for messages.

    Raises:
        UserError: a column is not of the kind that it should be.
    """
    inputs = torch.empty(table.height, len(columns))
    for i, column in enumerate(columns):
        inputs[:, i] = to_input(table[column.name], column, first_line)
    return inputs


def to_input(values: pl.Series, column: Column, first_line: int = FIRST_LINE) -> Tensor:
    """One raw feature [rows], NaN where a value is missing."""
    numbers = as_numbers(values, column, first_line).cast(pl.Float64)
    return as_tensor(numbers.fill_null(float("nan")))


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
        values = parse_as(values, column.kind, trained_on, first_line)
    if column.kind == "datetime" and values.dtype in (pl.Date, pl.Datetime):
        return values.cast(pl.Datetime("us")).dt.timestamp("us") / 86_400e6
    if column.kind in ("numeric", "boolean") and (
        values.dtype.is_numeric() or values.dtype == pl.Boolean
    ):
        return values
    raise UserError(f"column {column.name} is {values.dtype}, and {trained_on}")


def as_tensor(values: pl.Series) -> Tensor:
    """Numbers as a tensor [rows] of int64 or float64."""
    kind = pl.Int64 if values.dtype.is_integer() else pl.Float64
    return torch.from_numpy(values.cast(kind).to_numpy().copy())
