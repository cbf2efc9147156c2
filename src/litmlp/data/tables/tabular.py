"""A table with named columns: features, targets, and columns that say the split."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl
import torch
from torch import Tensor

from litmlp.data.data_module import Data
from litmlp.data.samples import Column, Samples, Task, predicted_names
from litmlp.data.tables.column_kinds import describe_columns, kinds_by_name
from litmlp.data.tables.column_quality import report_columns
from litmlp.data.tables.raw_features import as_tensor
from litmlp.data.tables.split_columns import Split, TableFile, check_groups, take_inputs
from litmlp.data.tables.targets import (
    check_numbers,
    class_indices,
    class_names,
    infer_task,
    read_targets,
)
from litmlp.errors import UserError, nearest, prefix_mistakes

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class Tabular(Data):
    """Base of tables with named columns: a subclass reads the table.

    Rows without a target are left out and counted. Columns that say the split are no
    features.

    Args:
        target: the column to predict, or several real-valued columns.
        drop: columns that are no features, such as an identifier.
        kinds: kinds of columns for which the inferred kind is wrong.
        split_column: a column that says train, val (or validation) or test per row.
        group: a column; rows with the same value stay in one split.
        time: a column; the latest rows are the test split, the rows before them the
            validation split.
        task: whether the target is taken as classes or as real values; ``auto`` infers
            it from the target.

    Raises:
        UserError: no such column, a column with two meanings, or a column that cannot
            be what it should be.
    """

    target: str | Sequence[str] | None
    drop: Sequence[str] = ()
    kinds: Mapping[str, str | Sequence[str]] | None = None
    split_column: str | None = None
    group: str | None = None
    time: str | None = None
    task: Literal["auto", "binary", "multiclass", "regression"] = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.target is not None and not self.target:
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
    def targets(self) -> Sequence[str]:
        """The columns to predict."""
        assert self.target is not None
        return [self.target] if isinstance(self.target, str) else self.target

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Read the whole table, or some of its columns."""
        raise NotImplementedError

    def other_files(self, columns: Sequence[Column]) -> list[TableFile]:
        """Read the files whose split is given, which have the same features."""
        return []

    def infer_task(self) -> Task:
        table = self.read(self.targets)
        with prefix_mistakes(self.source):
            return infer_task(read_targets(table, self.targets, "auto"))

    def load(self) -> Samples:
        table = self.read()
        names = self._features(table.columns)
        with prefix_mistakes(self.source):
            columns = describe_columns(table.select(names), kinds_by_name(self.kinds))
        files = [self.label(self.source, table), *self.other_files(columns)]
        target_columns = table.select(self.targets)
        report = report_columns(table.select(names), columns, target_columns)
        targets, classes = self._encode_targets(files)
        self._check_target_names(classes)
        splits = pl.concat([file.splits(self.split_column) for file in files])
        given = {name: (splits == name).arg_true() for name in ("val", "test")}
        return Samples(
            targets=targets,
            class_names=classes,
            target_names=list(self.targets),
            columns=columns,
            column_report=report,
            given={name: as_tensor(rows) for name, rows in given.items() if len(rows)},
            groups=self._groups(files, splits),
            times=self._times(files),
            numbers=torch.cat([as_tensor(f.is_labelled.arg_true()) for f in files]),
            inputs=take_inputs(files, columns),  # the last, since it empties the tables
        )

    def label(
        self, source: str, table: pl.DataFrame, split: Split = "train"
    ) -> TableFile:
        """Find the targets of a file's rows, and log how many rows lack one.

        Raises:
            UserError: no row has a target.
        """
        with prefix_mistakes(source):
            targets = read_targets(table, self.targets, self.task)
        file = TableFile(source=source, table=table, targets=targets, split=split)
        if not file.num_rows:
            raise UserError(f"{source}: target {self.targets[0]} has no values")
        if count := table.height - file.num_rows:
            log.info(f"{source}: {count:,} rows without a target are left out")
        return file

    def _check_target_names(self, classes: Sequence[str]) -> None:
        made = predicted_names(self.targets, classes)
        if self.num_folds is not None:
            made += ["row", "fold"]
        for name in self.targets:
            if name in made:
                raise UserError(
                    f"{self.source}: target {name}: tables of predictions have a "
                    "column of that name: rename it"
                )

    def _features(self, names: Sequence[str]) -> list[str]:
        """The columns that have no other meaning."""
        options = ("split_column", "group", "time")
        roles = [("target", name) for name in self.targets]
        roles += [(option, getattr(self, option)) for option in options]
        roles += [("drop", name) for name in self.drop]
        meanings: dict[str, str] = {}
        for meaning, name in roles:
            if name is None:
                continue
            if name not in names:
                raise UserError(
                    f"{self.source} has no column {name}. {nearest(name, names)}"
                )
            if name in meanings and meaning != "drop":
                raise UserError(
                    f"column {name} is both data.{meanings[name]} and data.{meaning}"
                )
            meanings[name] = meaning
        features = [name for name in names if name not in meanings]
        if not features:
            raise UserError(f"{self.source} has no column left to be a feature")
        for name in kinds_by_name(self.kinds):
            if name not in features:
                raise UserError(
                    f"data.kinds: {self.source} has no feature {name}. "
                    f"{nearest(name, features)}"
                )
        return features

    def _encode_targets(self, files: Sequence[TableFile]) -> tuple[Tensor, list[str]]:
        """Class indices [rows] and class names, or values [rows, targets] and none."""
        first = files[0]
        task = infer_task(first.targets) if self.task == "auto" else self.task
        classes: list[str] = []
        if task != "regression":
            with prefix_mistakes(first.source):
                classes = class_names(first.targets, task)
        encoded = []
        for file in files:
            with prefix_mistakes(file.source):
                if classes:
                    indices = class_indices(file.targets.to_series(), classes)
                    encoded.append(as_tensor(indices.filter(file.is_labelled)))
                else:
                    check_numbers(file.targets)
                    values = file.targets.filter(file.is_labelled).to_numpy()
                    encoded.append(
                        torch.tensor(values, dtype=torch.get_default_dtype())
                    )
        return torch.cat(encoded), classes

    def _groups(self, files: Sequence[TableFile], splits: pl.Series) -> Tensor | None:
        """One number per row, the same for the rows of a group; −1 for no group."""
        if self.group is None:
            return None
        groups = pl.concat([file.groups(self.group) for file in files])
        check_groups(groups, splits)
        return as_tensor(groups.rank("dense").cast(pl.Int64).fill_null(0) - 1)

    def _times(self, files: Sequence[TableFile]) -> Tensor | None:
        if self.time is None:
            return None
        return as_tensor(pl.concat([file.times(self.time) for file in files]))
