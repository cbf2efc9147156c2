"""The rows of one file of a table, and the columns that say how rows are split."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import polars as pl
import torch
from torch import Tensor

from litmlp.data.samples import Column
from litmlp.data.tables.column_kinds import FIRST_LINE, as_text, parse_text
from litmlp.data.tables.raw_features import as_numbers, as_tensor, to_input
from litmlp.errors import UserError, prefix_mistakes

Split = Literal["train", "val", "test"]
SPLITS = {"train": "train", "val": "val", "validation": "val", "test": "test"}
"""The words that a split column may hold, and the split that each means."""


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """The rows of a table that come from one file.

    Attributes:
        source: name of the file, for messages.
        table: all rows of the file.
        targets: the targets of these rows, null where one is missing.
        split: the split of all rows; ``train`` if the rows are still to be split.
    """

    source: str
    table: pl.DataFrame
    targets: pl.DataFrame
    split: Split = "train"

    @cached_property
    def is_labelled(self) -> pl.Series:
        """Whether all targets of a row are known; the other rows are left out."""
        known = self.targets.select(pl.all_horizontal(pl.all().is_not_null()))
        return known.to_series()

    @property
    def num_rows(self) -> int:
        """The number of labelled rows."""
        return int(self.is_labelled.sum())

    def splits(self, column: str | None) -> pl.Series:
        """``train``, ``val`` or ``test`` per labelled row, as the column says.

        Raises:
            UserError: the column says something else.
        """
        if column is None or self.split != "train":
            return pl.repeat(self.split, self.num_rows, eager=True)
        text = as_text(self.table[column]).fill_null("")
        self._check(column, text.is_in(list(SPLITS)), f"allowed: {', '.join(SPLITS)}")
        return text.filter(self.is_labelled).replace_strict(SPLITS)

    def groups(self, column: str) -> pl.Series:
        """The group of each labelled row as text; null if the file lacks the column.

        Raises:
            UserError: a row has no group.
        """
        if column not in self.table.columns:
            return pl.repeat(None, self.num_rows, dtype=pl.String, eager=True)
        self._check(column, self.table[column].is_not_null(), "each row needs a group")
        return as_text(self.table[column]).filter(self.is_labelled)

    def times(self, column: str) -> pl.Series:
        """One number per labelled row, larger for later rows; 0 if the split is given.

        Raises:
            UserError: a row has no time, or the column holds no times.
        """
        if self.split != "train":
            return pl.repeat(0.0, self.num_rows, eager=True)
        times = parse_text(self.table[column], "choose another data.time")
        if not (times.dtype.is_numeric() or times.dtype in (pl.Date, pl.Datetime)):
            raise UserError(
                f"{self.source}: column {column} is {times.dtype}, and data.time needs "
                "numbers, dates or times"
            )
        self._check(column, times.is_not_null(), "each row needs a time")
        kind = Column(
            name=column, kind="numeric" if times.dtype.is_numeric() else "datetime"
        )
        numbers = as_numbers(times, kind, FIRST_LINE).cast(pl.Float64)
        return numbers.filter(self.is_labelled)

    def _check(self, column: str, allowed: pl.Series, expectation: str) -> None:
        rows = (~allowed & self.is_labelled).arg_true()
        if len(rows):
            value = self.table[column][rows[0]]
            found = "no value" if value is None else repr(value)
            raise UserError(
                f"{self.source}: column {column}, line {rows[0] + FIRST_LINE}: "
                f"{found}, {expectation}"
            )


def check_groups(groups: pl.Series, splits: pl.Series) -> None:
    """Raise a UserError if a group is in two splits."""
    pairs = pl.DataFrame({"group": groups, "split": splits}).drop_nulls().unique()
    shared = pairs.group_by("group").agg(pl.col("split").sort()).sort("group")
    shared = shared.filter(pl.col("split").list.len() > 1)
    if shared.height:
        group, where = shared.row(0)
        raise UserError(
            f"data.group: {shared.height:,} groups are in several splits, such as "
            f"{group} in {', '.join(where)}"
        )


def take_inputs(files: Sequence[TableFile], columns: Sequence[Column]) -> Tensor:
    """Raw features [rows, columns] of all labelled rows; the tables lose these columns.

    So a large table and its matrix are never in memory together.
    """
    inputs = torch.empty(sum(file.num_rows for file in files), len(columns))
    start = 0
    for file in files:
        rows = inputs[start : start + file.num_rows]
        start += len(rows)
        labelled = as_tensor(file.is_labelled.arg_true())
        for i, column in enumerate(columns):
            values = file.table.drop_in_place(column.name)
            with prefix_mistakes(file.source):
                rows[:, i] = to_input(values, column)[labelled]
    return inputs
