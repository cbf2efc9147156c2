"""Raw features of a network from the columns of a table."""

from collections import Counter
from collections.abc import Sequence

import polars as pl
import torch
from torch import Tensor

from litmlp.data.samples import Column
from litmlp.data.tables.cell_errors import CellError
from litmlp.data.tables.column_kinds import as_text, check_parsed
from litmlp.data.tables.dates import DURATION, in_days, is_clock, parse_times
from litmlp.data.tables.missing_words import without_missing
from litmlp.data.tables.written_numbers import parse_numbers
from litmlp.errors import UserError

Unseen = Counter[tuple[str, str]]
"""Rows per pair of a column and a category of it that training did not have."""


def to_inputs(
    table: pl.DataFrame, columns: Sequence[Column], unseen: Unseen | None = None
) -> Tensor:
    """Raw features [rows, columns] in torch's default type: see ``Samples.inputs``.

    Args:
        unseen: counts the rows with categories that a column does not list.

    Raises:
        UserError: a column is not of the kind that it should be.
    """
    inputs = torch.empty(table.height, len(columns))
    for i, column in enumerate(columns):
        inputs[:, i] = to_input(table[column.name], column, unseen)
    return inputs


def to_input(values: pl.Series, column: Column, unseen: Unseen | None = None) -> Tensor:
    """One raw feature [rows], NaN where a value is missing."""
    numbers = as_numbers(values, column).cast(pl.Float64)
    if unseen is not None and column.kind == "categorical":
        others = as_text(values.filter((numbers == -1).fill_null(False)))
        unseen.update((column.name, text) for text in others.cast(pl.String))
    return as_tensor(numbers.fill_null(float("nan")))


def as_numbers(values: pl.Series, column: Column) -> pl.Series:
    """A column as numbers, null where a value is missing."""
    values = without_missing(values, column.missing)
    if values.null_count() == len(values):
        return pl.repeat(None, len(values), dtype=pl.Float64, eager=True)
    if column.kind == "categorical":
        names = list(enumerate(column.categories))
        codes = {name.strip(): float(code) for code, name in names}
        codes |= {name: float(code) for code, name in names}
        text = as_text(values)
        known = text.replace_strict(codes, default=-1.0, return_dtype=pl.Float64)
        return known.set(text.is_null(), None)
    written = f" written as {column.form}" if column.form else ""
    trained_on = f"the model was trained on {column.kind} values{written}"
    if values.dtype == pl.String and column.form != DURATION:
        parse = parse_times if column.kind == "datetime" else parse_numbers
        text, values = values, parse(values, column.form)
        check_parsed(text, values, trained_on)
    if column.kind == "datetime":
        others = [pl.Time] if is_clock(column.form) else [pl.Date, pl.Datetime]
        if values.dtype in ([pl.Duration] if column.form == DURATION else others):
            return in_days(values)
    if column.kind in ("numeric", "boolean") and (
        values.dtype.is_numeric() or values.dtype == pl.Boolean
    ):
        check_size(values)
        return values
    raise UserError(f"column {column.name} is {values.dtype}, and {trained_on}")


def check_size(values: pl.Series) -> None:
    """Raise a CellError for a number that is infinite, or will be in training."""
    most = torch.finfo(torch.get_default_dtype()).max
    if values.dtype == pl.Boolean:
        return
    large = (values.cast(pl.Float64).abs() > most).fill_null(False)
    if large.any():
        row = int(large.arg_true()[0])
        raise CellError(
            f"column {values.name}",
            row,
            f"{values[row]:g} is beyond {most:.3g}, the largest number in training: "
            "correct it, leave it empty, or name it in data.missing",
        )


def as_tensor(numbers: pl.Series) -> Tensor:
    """Numbers as a tensor [rows] of int64 or float64."""
    kind = pl.Int64 if numbers.dtype.is_integer() else pl.Float64
    return torch.from_numpy(numbers.cast(kind).to_numpy().copy())


def describe_unseen(unseen: Unseen) -> list[str]:
    """Say per column how many rows hold which categories that training did not have."""
    lines = []
    for name in dict.fromkeys(name for name, _ in unseen):
        counts = Counter({text: n for (own, text), n in unseen.items() if own == name})
        some = ", ".join(text for text, _ in counts.most_common(5))
        more = ", …" if len(counts) > 5 else ""
        lines.append(
            f"column {name}: {counts.total():,} values that training did not have: "
            f"{some}{more}"
        )
    return lines
