"""The files of a table, and its columns that say how rows are split."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl
import torch
from torch import Tensor

from litmlp.data.samples import Column
from litmlp.data.tables.column_kinds import as_text, recognized
from litmlp.data.tables.read import as_numbers, to_input
from litmlp.errors import UserError, prefixed

Split = Literal["train", "val", "test"]
SPLITS = {"train": "train", "val": "val", "validation": "val", "test": "test"}
"""What a split column may hold."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Rows of a table that come from one file.

    Attributes:
        source: the file, for messages.
        table: all of its rows.
        known: of each row, whether its target is known; the others do not count.
        targets: of the rows that count.
        split: which all of the rows belong to; ``train`` if they are still to be cut.
    """

    source: str
    table: pl.DataFrame
    known: pl.Series
    targets: pl.DataFrame
    split: Split = "train"

    def splits(self, column: str | None) -> pl.Series:
        """``train``, ``val`` or ``test`` a row, as the column says.

        Raises:
            UserError: the column says something else.
        """
        if column is None or self.split != "train":
            return pl.repeat(self.split, self.targets.height, eager=True)
        text = as_text(self.table[column]).fill_null("")
        self._refuse(column, ~text.is_in(list(SPLITS)), f"allowed: {', '.join(SPLITS)}")
        return text.filter(self.known).replace_strict(SPLITS)

    def groups(self, column: str) -> pl.Series:
        """The group of each row, as text; none where the file does not say.

        Raises:
            UserError: a row has none.
        """
        if column not in self.table.columns:
            return pl.repeat(None, self.targets.height, dtype=pl.String, eager=True)
        self._refuse(column, self.table[column].is_null(), "each row needs a group")
        return as_text(self.table[column]).filter(self.known)

    def times(self, column: str) -> pl.Series:
        """A number a row, the larger the later; 0 in files whose split is given.

        Raises:
            UserError: a row has none, or they are no times.
        """
        if self.split != "train":
            return pl.repeat(0.0, self.targets.height, eager=True)
        times = recognized(self.table[column], "choose another data.time")
        if not (times.dtype.is_numeric() or times.dtype in (pl.Date, pl.Datetime)):
            raise UserError(
                f"{self.source}: column {column} is {times.dtype}, and data.time needs "
                "numbers, dates or times"
            )
        self._refuse(column, times.is_null(), "each row needs a time")
        kind = Column(
            name=column, kind="numeric" if times.dtype.is_numeric() else "datetime"
        )
        return as_numbers(times, kind, 2).cast(pl.Float64).filter(self.known)

    def _refuse(self, column: str, wrong: pl.Series, expectation: str) -> None:
        rows = (wrong & self.known).arg_true()
        if len(rows):
            value = self.table[column][rows[0]]
            found = "no value" if value is None else repr(value)
            raise UserError(
                f"{self.source}: column {column}, line {rows[0] + 2}: {found}, "
                f"{expectation}"
            )


def refuse_shared_groups(groups: pl.Series, splits: pl.Series) -> None:
    """No group may be in two splits that are given.

    Raises:
        UserError: one is.
    """
    seen = pl.DataFrame({"group": groups, "split": splits}).drop_nulls().unique()
    shared = seen.group_by("group").agg(pl.col("split").sort()).sort("group")
    shared = shared.filter(pl.col("split").list.len() > 1)
    if shared.height:
        group, where = shared.row(0)
        raise UserError(
            f"data.group: {shared.height:,} groups are in several splits, such as "
            f"{group} in {', '.join(where)}"
        )


def numbered(groups: pl.Series) -> pl.Series:
    """A number a row, the same for rows of one group; −1 for none."""
    return groups.rank("dense").cast(pl.Int64).fill_null(0) - 1


def take_inputs(parts: Sequence[Part], columns: Sequence[Column]) -> Tensor:
    """Raw features of all rows that count; the parts' tables lose these columns.

    So a large table and its matrix are never in memory as a whole.

    Raises:
        UserError: a column is not of the kind that it should be.
    """
    inputs = torch.empty(sum(part.targets.height for part in parts), len(columns))
    start = 0
    for part in parts:
        rows = inputs[start : start + part.targets.height]
        start += len(rows)
        known = slice(None) if part.known.all() else as_tensor(part.known.arg_true())
        for i, column in enumerate(columns):
            values = part.table.drop_in_place(column.name)
            with prefixed(part.source):
                rows[:, i] = to_input(values, column)[known]
    return inputs


def as_tensor(values: pl.Series) -> Tensor:
    """Numbers as a tensor [rows]."""
    kind = pl.Int64 if values.dtype.is_integer() else pl.Float64
    return torch.from_numpy(values.cast(kind).to_numpy().copy())
