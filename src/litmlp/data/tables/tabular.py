"""A table with named columns: features, targets, and columns that say the split."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl
import torch
from torch import Tensor

from litmlp.data.data_module import Data
from litmlp.data.samples import Column, ColumnFacts, Samples, Task
from litmlp.data.tables.ambiguous_columns import settle
from litmlp.data.tables.cell_errors import mistakes_in, row_number
from litmlp.data.tables.column_kinds import kinds_by_name, read_feature
from litmlp.data.tables.column_quality import doubt, oddity, report_column
from litmlp.data.tables.raw_features import as_tensor
from litmlp.data.tables.read_column import Wording, read_column
from litmlp.data.tables.table_file import (
    TableFile,
    group_numbers,
    label_rows,
    take_inputs,
)
from litmlp.data.tables.targets import (
    class_names,
    encode_targets,
    infer_task,
    read_target,
)
from litmlp.errors import UserError, nearest

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
    def targets(self) -> Sequence[str]:
        """The columns to predict."""
        given = self.target
        names = [given] if isinstance(given, (str, int, float)) else given or []
        return [str(name) for name in names]

    @property
    def roles(self) -> dict[str, str]:
        """The columns of options that are no features, by the name of the option."""
        given = {option: getattr(self, option) for option in ROLES}
        return {option: str(n) for option, n in given.items() if n is not None}

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
        self,
        columns: Sequence[Column],
        targets: Sequence[Column],
        for_classes: bool,
        wording: Wording,
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
            odd = oddity(feature.values, targets)
            kind = feature.column.kind
            report.append(report_column(feature.values, kind, *feature.notes, odd))
            values += [feature.values] * is_here
        return table.with_columns(values), columns, report

    def take_inputs(
        self, files: Sequence[TableFile], columns: Sequence[Column]
    ) -> Tensor:
        """Return the raw features [rows, columns] of all labelled rows."""
        return take_inputs(files, columns)

    def load(self) -> Samples:
        table, every = self.read_all()
        roles = self.roles
        with mistakes_in(self.source, self.place):
            names = self._features(every)
            numbers = [roles[role] for role in ("time", "weight") if role in roles]
            read = [n for n in (*self.targets, *names, *numbers) if n in table.columns]
            wording = settle(table, read, self.wording)
            targets = [
                read_target(table[name], self.task, wording) for name in self.targets
            ]
            values = pl.DataFrame([target.values for target in targets])
            table, columns, report = self.read_features(table, names, wording, values)
        own = label_rows(self.source, self.place, table, values, roles, wording)
        task = infer_task(values) if self.task == "auto" else self.task
        for target in targets:
            odd = doubt(target.values) if task == "regression" else ""
            report.append(report_column(target.values, "target", *target.notes, odd))
        if "time" in roles:
            time = read_column(table[roles["time"]], wording)
            report.append(report_column(time.values, "time", *time.notes))
        target_columns = [target.column for target in targets]
        with mistakes_in(self.source, self.place):
            classes = class_names(own.targets, task)
        others = self.other_files(columns, target_columns, bool(classes), wording)
        files, encoded = [own, *others], []
        for file in files:
            with mistakes_in(file.source, file.place):
                encoded.append(encode_targets(file.targets, classes))
        rows = pl.concat([file.rows for file in files])
        places = {n: (rows["split_column"] == n).arg_true() for n in ("val", "test")}
        is_weighted = rows["weight"].n_unique() > 1
        return Samples(
            targets=torch.cat(encoded),
            class_names=classes,
            target_names=list(self.targets),
            target_columns=target_columns,
            columns=columns,
            column_report=report,
            given={name: as_tensor(at) for name, at in places.items() if len(at)},
            groups=group_numbers(rows) if "group" in roles else None,
            times=as_tensor(rows["time"]) if "time" in roles else None,
            weights=as_tensor(rows["weight"]) if is_weighted else None,
            numbers=as_tensor(rows["row"]),
            inputs=self.take_inputs(files, columns),  # the last: it empties the tables
        )

    def _features(self, names: Sequence[str]) -> list[str]:
        """Return the columns that are features, in the order of the table."""
        options = [("target", name) for name in self.targets]
        options += self.roles.items()
        options += [("drop", str(name)) for name in self.drop]
        options += [("features", str(name)) for name in self.features or []]
        meanings: dict[str, str] = {}
        for option, name in options:
            if name not in names:
                raise UserError(f"no column {name}. {nearest(name, names)}")
            if meanings.get(name, option) != option and option != "drop":
                raise UserError(
                    f"column {name} is both data.{meanings[name]} and data.{option}"
                )
            meanings[name] = option
        meaning = None if self.features is None else "features"
        features = [name for name in names if meanings.get(name) == meaning]
        if not features:
            raise UserError("no column is left to be a feature")
        for name in kinds_by_name(self.kinds):
            if name not in features:
                raise UserError(
                    f"data.kinds: no feature {name}. {nearest(name, features)}"
                )
        return features
