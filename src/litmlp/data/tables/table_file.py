"""The rows of one file of a table, and the columns that say how rows are split."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl
import torch
from torch import Tensor

from litmlp.data.samples import Column
from litmlp.data.tables.cell_errors import CellError, mistakes_in
from litmlp.data.tables.column_kinds import TIMES, as_text, has_text
from litmlp.data.tables.dates import in_days
from litmlp.data.tables.missing_words import describe_left_out, without_missing
from litmlp.data.tables.raw_features import (
    Unseen,
    as_tensor,
    describe_unseen,
    to_input,
)
from litmlp.data.tables.read_column import Wording, read_column
from litmlp.errors import UserError

log = logging.getLogger(__name__)

Split = Literal["train", "val", "test"]
SPLITS = {"train": "train", "val": "val", "validation": "val", "test": "test"}
"""The words that a split column may hold, and the split that each means."""


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """The rows of a table that come from one file.

    Attributes:
        source: name of the file, for messages.
        place: names the place of a row of the file.
        table: all rows of the file.
        targets: the targets of these rows, null in rows that are left out.
        rows: the other rows: ``row``, the index in the file, ``split_column`` (train,
            val or test), ``group`` as text, ``time`` and ``weight``.
    """

    source: str
    place: Callable[[int], str]
    table: pl.DataFrame
    targets: pl.DataFrame
    rows: pl.DataFrame


def label_rows(
    source: str,
    place: Callable[[int], str],
    table: pl.DataFrame,
    targets: pl.DataFrame,
    roles: Mapping[str, str],
    wording: Wording,
    split: Split = "train",
) -> TableFile:
    """Join the rows of a file to their targets, and log how many rows are left out.

    Args:
        roles: the columns that say more of a row, by the name of the option.
        split: of all rows; ``train`` if the rows are still to be split.
    """
    is_labelled = targets.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
    if not is_labelled.any():
        raise UserError(f"{source}: target {targets.columns[0]} has no values")
    if line := describe_left_out(table, targets):
        log.info(f"{source}: {line}")
    rows = table.select(
        row=pl.int_range(pl.len()),
        split_column=pl.lit(split),
        group=pl.lit(None, pl.String),
        time=pl.lit(0.0),
        weight=pl.lit(1.0),
    )
    for role, name in roles.items():
        is_optional = role in ("group", "weight") and name in table.columns
        if split == "train" or is_optional:
            with mistakes_in(source, place):
                column = read_role(role, table[name], is_labelled, wording)
            rows = rows.with_columns(column.alias(role))
    is_kept = is_labelled & (rows["weight"] > 0).fill_null(False)
    if not is_kept.any():
        raise UserError(f"{source}: column {roles['weight']}: all weights are zero")
    if left_out := int((is_labelled & ~is_kept).sum()):
        log.info(f"{source}: {left_out:,} rows of weight 0 are left out")
    return TableFile(
        source=source,
        place=place,
        table=table,
        targets=targets.select(pl.when(is_kept).then(pl.all())),
        rows=rows.filter(is_kept),
    )


def read_role(
    role: str, column: pl.Series, is_labelled: pl.Series, wording: Wording
) -> pl.Series:
    """Read the column of an option; each labelled row needs a value that is allowed."""
    if role == "split_column":
        text = as_text(without_missing(column)).fill_null("")
        values = text.replace_strict(SPLITS, default=None)
        allowed, expectation = values.is_not_null(), f"allowed: {', '.join(SPLITS)}"
    elif role == "group":
        groups = without_missing(column, wording.missing)
        if not has_text(groups.dtype):
            raise UserError(
                f"column {column.name} is {groups.dtype}, and data.group needs text or "
                "numbers"
            )
        values = as_text(groups)
        allowed, expectation = values.is_not_null(), "each row needs a group"
    elif role == "time":
        values = read_numbers(role, column, wording, "numbers, dates or times")
        allowed, expectation = values.is_not_null(), "each row needs a time"
    else:
        values = read_numbers(role, column, wording, "numbers")
        allowed = (values.is_finite() & (values >= 0)).fill_null(False)
        expectation = "each row needs a weight of 0 or more"
    wrong = (~allowed & is_labelled).arg_true()
    if len(wrong):
        row = int(wrong[0])
        found = "no value" if column[row] is None else repr(column[row])
        raise CellError(f"column {column.name}", row, f"{found}, {expectation}")
    return values


def read_numbers(
    role: str, column: pl.Series, wording: Wording, needed: str
) -> pl.Series:
    """Read numbers (or times, in days), null where one is missing."""
    read = read_column(column, wording)
    if read.mixed:
        cure = f"correct it, or choose another data.{role}"
        problem = f"{read.mixed.problem}: {cure}"
        raise CellError(f"column {column.name}", read.mixed.row, problem)
    values = read.values
    if role == "time" and values.dtype in TIMES:
        values = in_days(values)
    if not values.dtype.is_numeric():
        raise UserError(
            f"column {column.name} is {values.dtype}, and data.{role} needs {needed}"
        )
    return values.cast(pl.Float64)


def group_numbers(rows: pl.DataFrame) -> Tensor:
    """Return one number per row [rows], the same within a group; −1 for no group."""
    pairs = rows.select("group", "split_column").drop_nulls().unique()
    shared = pairs.group_by("group").agg(pl.col("split_column").sort()).sort("group")
    shared = shared.filter(pl.col("split_column").list.len() > 1)
    if shared.height:
        group, where = shared.row(0)
        raise UserError(
            f"data.group: {shared.height:,} groups are in several splits, such as "
            f"{group} in {', '.join(where)}"
        )
    return as_tensor(rows["group"].rank("dense").cast(pl.Int64).fill_null(0) - 1)


def take_inputs(files: Sequence[TableFile], columns: Sequence[Column]) -> Tensor:
    """Raw features [rows, columns] of all labelled rows; the tables lose these columns.

    So a large table and its matrix are never in memory together.
    """
    inputs = torch.empty(sum(file.rows.height for file in files), len(columns))
    start = 0
    for file in files:
        labelled = as_tensor(file.rows["row"])
        rows = inputs[start : start + len(labelled)]
        start += len(labelled)
        unseen: Unseen = Unseen()
        for i, column in enumerate(columns):
            values = file.table.drop_in_place(column.name)
            with mistakes_in(file.source, file.place):
                rows[:, i] = to_input(values, column, unseen)[labelled]
        for line in describe_unseen(unseen):
            log.info(f"{file.source}: {line}")
    return inputs
