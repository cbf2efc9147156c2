"""The rows of one file of a table, and the columns that say how rows are split."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import polars as pl
import torch
from torch import Tensor

from litmlp.data.samples import Column
from litmlp.data.tables.cell_errors import CellError, mistakes_in
from litmlp.data.tables.column_kinds import TIMES, as_text, has_text
from litmlp.data.tables.dates import in_days
from litmlp.data.tables.missing_words import without_missing
from litmlp.data.tables.raw_features import (
    Unseen,
    as_tensor,
    describe_unseen,
    to_input,
)
from litmlp.data.tables.read_column import Wording, read_column
from litmlp.data.tables.targets import check_numbers, class_indices, class_names
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
        targets: the targets of these rows, null where one is missing.
        split: the split of all rows; ``train`` if the rows are still to be split.
    """

    source: str
    place: Callable[[int], str]
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
        text = as_text(without_missing(self.table[column])).fill_null("")
        self._check(column, text.is_in(list(SPLITS)), f"allowed: {', '.join(SPLITS)}")
        return text.filter(self.is_labelled).replace_strict(SPLITS)

    def groups(self, column: str, missing: Sequence[str] | None) -> pl.Series:
        """The group of each labelled row as text; null if the file lacks the column.

        Args:
            missing: words that stand for a missing group.

        Raises:
            UserError: a row has no group, or the groups have no names.
        """
        if column not in self.table.columns:
            return pl.repeat(None, self.num_rows, dtype=pl.String, eager=True)
        groups = without_missing(self.table[column], missing)
        if not has_text(groups.dtype):
            raise UserError(
                f"{self.source}: column {column} is {groups.dtype}, and data.group "
                "needs text or numbers"
            )
        self._check(column, groups.is_not_null(), "each row needs a group")
        return as_text(groups).filter(self.is_labelled)

    def times(self, column: str, wording: Wording) -> pl.Series:
        """One number per labelled row, larger for later rows; 0 if the split is given.

        Raises:
            UserError: a row has no time, or the column holds no times.
        """
        if self.split != "train":
            return pl.repeat(0.0, self.num_rows, eager=True)
        times = self._numbers(column, wording, "time", "numbers, dates or times")
        self._check(column, times.is_not_null(), "each row needs a time")
        return times.filter(self.is_labelled)

    def weights(self, column: str, wording: Wording) -> pl.Series:
        """The weight of each row of the file; 1 if the file lacks the column.

        Raises:
            UserError: a labelled row has no weight, or a negative one.
        """
        if column not in self.table.columns:
            return pl.repeat(1.0, self.table.height, eager=True)
        weights = self._numbers(column, wording, "weight", "numbers")
        allowed = (weights.is_finite() & (weights >= 0)).fill_null(False)
        self._check(column, allowed, "each row needs a weight of 0 or more")
        return weights

    def _numbers(
        self, column: str, wording: Wording, option: str, needed: str
    ) -> pl.Series:
        """Return a column of numbers (or times, in days), null where one is missing."""
        read = read_column(self.table[column], wording)
        if read.mixed:
            problem = (
                f"{read.mixed.problem}: correct it, or choose another data.{option}"
            )
            with mistakes_in(self.source, self.place):
                raise CellError(f"column {column}", read.mixed.row, problem)
        values = read.values
        if option == "time" and values.dtype in TIMES:
            values = in_days(values)
        if not values.dtype.is_numeric():
            raise UserError(
                f"{self.source}: column {column} is {values.dtype}, and data.{option} "
                f"needs {needed}"
            )
        return values.cast(pl.Float64)

    def _check(self, column: str, allowed: pl.Series, expectation: str) -> None:
        rows = (~allowed & self.is_labelled).arg_true()
        if len(rows):
            value = self.table[column][rows[0]]
            found = "no value" if value is None else repr(value)
            with mistakes_in(self.source, self.place):
                raise CellError(
                    f"column {column}", int(rows[0]), f"{found}, {expectation}"
                )


def take_weights(
    files: Sequence[TableFile], column: str, wording: Wording
) -> tuple[list[TableFile], Tensor | None]:
    """Return the files without the rows of weight 0, and the weights of the others.

    Returns:
        files, and one weight per labelled row [rows]; None if all are equal.

    Raises:
        UserError: a row has no weight, or no row has one above 0.
    """
    kept, found = [], []
    for file in files:
        weights = file.weights(column, wording)
        counts = (weights > 0).fill_null(False)
        nothing = pl.when(pl.lit(counts)).then(pl.all())  # as a row without a target
        own = replace(file, targets=file.targets.select(nothing))
        if not own.num_rows:
            raise UserError(f"{file.source}: column {column}: all weights are zero")
        if left_out := file.num_rows - own.num_rows:
            log.info(f"{file.source}: {left_out:,} rows of weight 0 are left out")
        kept.append(own)
        found.append(weights.filter(own.is_labelled))
    joined = pl.concat(found)
    return kept, as_tensor(joined) if joined.n_unique() > 1 else None


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


def encode_targets(files: Sequence[TableFile], task: str) -> tuple[Tensor, list[str]]:
    """Class indices [rows] and class names, or values [rows, targets] and none.

    Raises:
        UserError: the targets do not fit the task, or those of a file the first file's.
    """
    classes: list[str] = []
    if task in ("binary", "multiclass"):
        with mistakes_in(files[0].source, files[0].place):
            classes = class_names(files[0].targets, task)
    encoded = []
    for file in files:
        with mistakes_in(file.source, file.place):
            if classes:
                indices = class_indices(file.targets.to_series(), classes)
                encoded.append(as_tensor(indices.filter(file.is_labelled)))
            else:
                check_numbers(file.targets)
                values = file.targets.filter(file.is_labelled).cast(pl.Float64)
                encoded.append(
                    torch.tensor(values.to_numpy(), dtype=torch.get_default_dtype())
                )
    return torch.cat(encoded), classes


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
        unseen: Unseen = Unseen()
        for i, column in enumerate(columns):
            values = file.table.drop_in_place(column.name)
            with mistakes_in(file.source, file.place):
                rows[:, i] = to_input(values, column, unseen)[labelled]
        for line in describe_unseen(unseen):
            log.info(f"{file.source}: {line}")
    return inputs
