"""What tables have in common: columns that are features, targets or say the split."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl
import torch
from torch import Tensor

from litmlp.data.data_module import Data
from litmlp.data.samples import Column, Samples, Task, predicted_names
from litmlp.data.tables.column_report import report_columns
from litmlp.data.tables.read import describe_columns
from litmlp.data.tables.split_columns import (
    Part,
    Split,
    as_tensor,
    numbered,
    refuse_shared_groups,
    take_inputs,
)
from litmlp.data.tables.survival import survived
from litmlp.data.tables.task_inference import (
    class_indices,
    class_names,
    infer_task,
    read_targets,
    real_values,
)
from litmlp.errors import UserError, nearest, prefixed

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class Tabular(Data):
    """Base of tables with named columns: a subclass says where they are read from.

    Rows without a target are left out and counted. Columns that say the split are no
    features.

    Args:
        target: the column to predict, or several real-valued columns.
        drop: columns that are no features, such as an identifier.
        kinds: of columns that are not what their values look like.
        split_column: says of each row train, val (or validation) or test.
        group: rows of one value stay in one split.
        time: the latest rows are the test, those before them validation.
        task: whether the target is taken as classes or as real values; ``auto`` asks
            :meth:`infer_task`.

    Raises:
        UserError: no such column, a column with two meanings, or one that cannot be
            what it should be.
    """

    target: str | Sequence[str] | None
    drop: Sequence[str] = ()
    kinds: Mapping[str, str] | None = None
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
        """Where the table comes from, for messages."""
        raise NotImplementedError

    @property
    def targets(self) -> Sequence[str]:
        """The columns to predict."""
        assert self.target is not None
        return [self.target] if isinstance(self.target, str) else self.target

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The whole table, or some of its columns."""
        raise NotImplementedError

    def other_parts(self, columns: Sequence[Column]) -> list[Part]:
        """Rows from other files, whose split is given; they have these features."""
        return []

    def infer_task(self) -> Task:
        with survived(self.source):
            table = self.read(self.targets)
            with prefixed(self.source):
                return infer_task(read_targets(table, self.targets, "auto"))

    def load(self) -> Samples:
        with survived(self.source):
            return self._samples()

    def _samples(self) -> Samples:
        table = self.read()
        names = self._features(table.columns)
        with prefixed(self.source):
            columns = describe_columns(table.select(names), self.kinds)
        parts = [self.part(self.source, table), *self.other_parts(columns)]
        report = report_columns(
            table.select(names), columns, table.select(self.targets)
        )
        targets, classes = self._encoded_targets(parts)
        self._refuse_names(classes)
        splits = pl.concat([part.splits(self.split_column) for part in parts])
        given = {name: (splits == name).arg_true() for name in ("val", "test")}
        return Samples(
            targets=targets,
            class_names=classes,
            target_names=list(self.targets),
            columns=columns,
            column_report=report,
            given={name: as_tensor(rows) for name, rows in given.items() if len(rows)},
            groups=self._groups(parts, splits),
            times=self._times(parts),
            numbers=torch.cat([as_tensor(part.known.arg_true()) for part in parts]),
            inputs=take_inputs(parts, columns),  # the last, since it empties the parts
        )

    def part(self, source: str, table: pl.DataFrame, split: Split = "train") -> Part:
        """The rows of one file; those without a target are counted.

        Raises:
            UserError: no row has a target.
        """
        with prefixed(source):
            targets = read_targets(table, self.targets, self.task)
        for column in targets:
            if column.dtype != pl.String == table[column.name].dtype:
                log.info(f"{source}: target {column.name}: numbers stored as text")
        known = targets.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
        if not known.any():
            raise UserError(f"{source}: target {self.targets[0]} has no values")
        if count := (~known).sum():
            log.info(f"{source}: {count:,} rows without a target are left out")
        targets = targets.filter(known)
        return Part(
            source=source, table=table, known=known, targets=targets, split=split
        )

    def _refuse_names(self, classes: Sequence[str]) -> None:
        """What is predicted stands beside the targets, and needs names of its own."""
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
        said = [("target", name) for name in self.targets]
        said += [(option, getattr(self, option)) for option in options]
        said += [("drop", name) for name in self.drop]
        meanings: dict[str, str] = {}
        for meaning, name in said:
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
        for name in self.kinds or {}:
            if name not in features:
                raise UserError(
                    f"data.kinds: {self.source} has no feature {name}. "
                    f"{nearest(name, features)}"
                )
        return features

    def _encoded_targets(self, parts: Sequence[Part]) -> tuple[Tensor, list[str]]:
        """Class indices [rows] and class names, or values [rows, targets] and none."""
        first, encoded = parts[0], []
        task = infer_task(first.targets) if self.task == "auto" else self.task
        classes: list[str] = []
        if task != "regression":
            with prefixed(first.source):
                classes = class_names(first.targets, task)
        for part in parts:
            with prefixed(part.source):
                encoded.append(
                    class_indices(part.targets, classes)
                    if classes
                    else real_values(part.targets)
                )
        return torch.cat(encoded), classes

    def _groups(self, parts: Sequence[Part], splits: pl.Series) -> Tensor | None:
        if self.group is None:
            return None
        groups = pl.concat([part.groups(self.group) for part in parts])
        refuse_shared_groups(groups, splits)
        return as_tensor(numbered(groups))

    def _times(self, parts: Sequence[Part]) -> Tensor | None:
        if self.time is None:
            return None
        return as_tensor(pl.concat([part.times(self.time) for part in parts]))
