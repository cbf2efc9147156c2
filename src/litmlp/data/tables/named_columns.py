"""A table with named columns: features, targets, and columns that say the split."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl
import torch
from torch import Tensor

from litmlp.data.data_module import Data
from litmlp.data.samples import Column, ColumnFacts, Samples, Task, predicted_names
from litmlp.data.tables.cell_errors import mistakes_in, row_number
from litmlp.data.tables.column_kinds import kinds_by_name, read_feature
from litmlp.data.tables.column_quality import (
    report_columns,
    report_targets,
    report_time,
)
from litmlp.data.tables.column_roles import as_names, find_features
from litmlp.data.tables.file_rows import (
    Split,
    TableFile,
    check_groups,
    encode_targets,
    take_inputs,
    take_weights,
)
from litmlp.data.tables.missing_words import describe_left_out
from litmlp.data.tables.raw_features import as_tensor
from litmlp.data.tables.read_column import Wording
from litmlp.data.tables.settle import settle
from litmlp.data.tables.targets import infer_task, read_target
from litmlp.errors import UserError, nearest

log = logging.getLogger(__name__)

ROLES = ("split_column", "group", "time", "weight")
"""Options that name a column which is no feature."""

Name = str | int | float
"""The name of a column; a config may hold it as a number."""


@dataclass(kw_only=True, eq=False)
class Tabular(Data):
    """Base of tables with named columns: a subclass reads the table.

    Rows without a target are left out and counted. Columns that say the split are no
    features.

    Args:
        target: the column to predict, or several real-valued columns.
        drop: columns that are no features, such as an identifier.
        features: the columns that are features; by default all that have no other
            meaning.
        kinds: kinds of columns for which the inferred kind is wrong.
        split_column: a column that says train, val (or validation) or test per row.
        group: a column; rows with the same value stay in one split.
        time: a column; the latest rows are the test split, the rows before them the
            validation split.
        weight: a column; the loss is the mean over the rows, times their weights. A row
            of weight 0 is left out, and metrics count each other row once.
        missing: words that stand for a missing value, beside an empty field; by default
            ``MISSING_WORDS``.
        decimal: the decimal mark of numbers in text, ``.`` or ``,``, or marks by
            column; by default they are found per column.
        date_format: the format of dates in text, such as ``%d/%m/%Y``, or formats by
            column; by default they are found per column.
        task: whether the target is taken as classes or as real values; ``auto`` infers
            it from the target.

    Raises:
        UserError: no such column, a column with two meanings, or a column that cannot
            be what it should be.
    """

    target: Name | Sequence[Name] | None
    drop: Sequence[Name] = ()
    features: Sequence[Name] | None = None
    kinds: Mapping[str, str | Sequence[str]] | None = None
    split_column: Name | None = None
    group: Name | None = None
    time: Name | None = None
    weight: Name | None = None
    missing: Sequence[Name | None] | None = None
    decimal: str | Mapping[str, str] | None = None
    date_format: str | Mapping[str, str] | None = None
    task: Literal["auto", "binary", "multiclass", "multilabel", "regression"] = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.target in ("", [], ()):
            raise UserError("target is empty: name the column to predict")
        if self.group and self.time:
            raise UserError(
                f"group={self.group} and time={self.time}: choose one, since the rows "
                "of a group may be of any time"
            )

    @property
    def source(self) -> str:
        """Name of the table's origin, for messages."""
        raise NotImplementedError

    @property
    def roles(self) -> list[str]:
        """The columns that are no features: the targets, and those of options."""
        return [*self.targets, *(n for n in map(self._name, ROLES) if n is not None)]

    @property
    def targets(self) -> Sequence[str]:
        """The columns to predict."""
        assert self.target is not None
        is_one = isinstance(self.target, (str, int, float))
        return as_names([self.target] if is_one else self.target)

    @property
    def wording(self) -> Wording:
        """Settings about the text of the table, from the options."""
        words = self.missing
        return Wording(
            missing=None if words is None else [str(w or "") for w in words],
            decimal=self.decimal,
            date_format=self.date_format,
        )

    @property
    def place(self) -> Callable[[int], str]:
        """Names the place of a row of the table, for messages."""
        return row_number

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Read the whole table, or some of its columns."""
        raise NotImplementedError

    def other_files(
        self, columns: Sequence[Column], targets: Sequence[Column], for_classes: bool
    ) -> list[TableFile]:
        """Read the files whose split is given, as the table was read."""
        return []

    def infer_task(self) -> Task:
        table = self.read(self.targets)
        with mistakes_in(self.source, self.place):
            return infer_task(
                pl.DataFrame(
                    read_target(table[name], "auto", self.wording).values
                    for name in self.targets
                )
            )

    def read_all(self) -> tuple[pl.DataFrame, Sequence[str]]:
        """Read the table; return it and the names of all columns, in their order.

        A table whose features stay in their file has all other columns.
        """
        table = self.read()
        return table, table.columns

    def read_features(
        self,
        table: pl.DataFrame,
        names: Sequence[str],
        wording: Wording,
        targets: pl.DataFrame,
    ) -> tuple[pl.DataFrame, list[Column], list[ColumnFacts]]:
        """Return the table with its features as they are read, and what they are.

        Features that the table lacks are read one at a time, and stay in their file.
        """
        kinds, values, columns, report = kinds_by_name(self.kinds), [], [], []
        for name in names:
            is_here = name in table.columns
            raw = table.drop_in_place(name) if is_here else self.read([name])[name]
            feature = read_feature(raw, kinds.get(name), wording)
            columns.append(feature.column)
            report += report_columns([feature], targets)
            values += [feature.values] * is_here
        return table.with_columns(values), columns, report

    def take_inputs(
        self, files: Sequence[TableFile], columns: Sequence[Column]
    ) -> Tensor:
        """Return the raw features [rows, columns] of all labelled rows."""
        return take_inputs(files, columns)

    def load(self) -> Samples:
        table, every = self.read_all()
        names = self._features(every)
        numbers = [n for n in map(self._name, ("time", "weight")) if n is not None]
        read = [n for n in (*self.targets, *names, *numbers) if n in table.columns]
        with mistakes_in(self.source, self.place):
            wording = settle(table, read, self.wording)
            targets = [
                read_target(table[name], self.task, wording) for name in self.targets
            ]
            values = pl.DataFrame([target.values for target in targets])
            table, columns, report = self.read_features(table, names, wording, values)
        target_columns = [target.column for target in targets]
        own = self.label(self.source, self.place, table, values)
        task = infer_task(values) if self.task == "auto" else self.task
        for_classes = task in ("binary", "multiclass")
        files = [own, *self.other_files(columns, target_columns, for_classes)]
        weights = None
        if (column := self._name("weight")) is not None:
            files, weights = take_weights(files, column, wording)
        encoded, classes = encode_targets(files, task)
        self._check_target_names(classes)
        splits = pl.concat([file.splits(self._name("split_column")) for file in files])
        given = {name: (splits == name).arg_true() for name in ("val", "test")}
        return Samples(
            targets=encoded,
            class_names=classes,
            target_names=list(self.targets),
            target_columns=target_columns,
            columns=columns,
            column_report=[
                *report,
                *report_targets(targets, values, for_classes=task != "regression"),
                *report_time(table, self._name("time"), wording),
            ],
            given={name: as_tensor(rows) for name, rows in given.items() if len(rows)},
            groups=self._groups(files, splits),
            times=self._times(files, wording),
            weights=weights,
            numbers=torch.cat([as_tensor(f.is_labelled.arg_true()) for f in files]),
            inputs=self.take_inputs(files, columns),  # the last: it empties the tables
        )

    def label(
        self,
        source: str,
        place: Callable[[int], str],
        table: pl.DataFrame,
        targets: pl.DataFrame,
        split: Split = "train",
    ) -> TableFile:
        """Join the rows of a file to their targets, and log how many rows lack one.

        Raises:
            UserError: no row has a target.
        """
        file = TableFile(
            source=source, place=place, table=table, targets=targets, split=split
        )
        if not file.num_rows:
            raise UserError(f"{source}: target {self.targets[0]} has no values")
        if line := describe_left_out(table, targets):
            log.info(f"{source}: {line}")
        return file

    def _check_target_names(self, classes: Sequence[str]) -> None:
        prefix = "probability" if self.task == "multilabel" else "predicted"
        made = predicted_names(self.targets, classes, prefix=prefix)
        if self.num_folds is not None:
            made += ["row", "fold"]
        for name in self.targets:
            if name in made:
                raise UserError(
                    f"{self.source}: target {name}: tables of predictions have a "
                    "column of that name: rename it"
                )

    def _features(self, names: Sequence[str]) -> list[str]:
        """The columns that are features."""
        roles = [("target", name) for name in self.targets]
        roles += [(n, name) for n in ROLES if (name := self._name(n)) is not None]
        with mistakes_in(self.source):
            chosen = None if self.features is None else as_names(self.features)
            features = find_features(names, roles, as_names(self.drop), chosen)
            for name in kinds_by_name(self.kinds):
                if name not in features:
                    raise UserError(
                        f"data.kinds: no feature {name}. {nearest(name, features)}"
                    )
        return features

    def _groups(self, files: Sequence[TableFile], splits: pl.Series) -> Tensor | None:
        """One number per row, the same for the rows of a group; −1 for no group."""
        name = self._name("group")
        if name is None:
            return None
        groups = pl.concat([file.groups(name, self.wording.missing) for file in files])
        check_groups(groups, splits)
        return as_tensor(groups.rank("dense").cast(pl.Int64).fill_null(0) - 1)

    def _times(self, files: Sequence[TableFile], wording: Wording) -> Tensor | None:
        name = self._name("time")
        if name is None:
            return None
        return as_tensor(pl.concat([file.times(name, wording) for file in files]))

    def _name(self, option: str) -> str | None:
        """Return the column of an option as text: ``data.group=2`` is column ``2``."""
        value = getattr(self, option)
        return None if value is None else str(value)
