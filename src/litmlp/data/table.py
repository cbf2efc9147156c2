"""A table of one's own: a CSV or Parquet file with a header."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl
import torch
from polars import selectors as cs
from torch import Tensor

from litmlp.console import show
from litmlp.console import table as new_table
from litmlp.data.module import Data
from litmlp.data.samples import Column, Samples
from litmlp.data.tables import describe_columns, read_table, to_inputs
from litmlp.errors import UserError, nearest

MOST_CLASSES = 20
"""A whole-number target with more distinct values than this is a regression."""

Task = Literal["binary", "multiclass", "regression"]


@dataclass(kw_only=True, eq=False)
class TableData(Data):
    """The columns of a table predict one of them, or several real-valued ones.

    Rows without a target are left out and counted.

    Args:
        path: a ``.csv`` or ``.parquet`` file with a header.
        target: the column to predict, or several real-valued columns.
        drop: columns that are no features, such as an identifier.
        task: whether the target is taken as classes or as real values; ``auto`` asks
            :meth:`infer_task`.

    Raises:
        UserError: no such file or column, or a column that cannot be used.
    """

    path: str
    target: str | Sequence[str]
    drop: Sequence[str] = ()
    task: Literal["auto", "binary", "multiclass", "regression"] = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.targets = [self.target] if isinstance(self.target, str) else self.target
        if not self.targets:
            raise UserError("target is empty: name the column to predict")

    def infer_task(self) -> Task:
        """Two values: binary; text or few whole numbers: multiclass; or regression."""
        if len(self.targets) > 1:
            return "regression"
        target = read_table(self.path, self.targets).with_columns(
            cs.float().fill_nan(None)
        )
        column = target[self.targets[0]].drop_nulls()
        values = column.n_unique()
        if values == 2:
            return "binary"
        if not column.dtype.is_numeric():
            return "multiclass"
        whole = not column.dtype.is_float() or bool((column == column.round()).all())
        return "multiclass" if whole and values <= MOST_CLASSES else "regression"

    def load(self) -> Samples:
        table = read_table(self.path)
        for name in [*self.targets, *self.drop]:
            if name not in table.columns:
                known = nearest(name, table.columns)
                raise UserError(f"{self.path} has no column {name}. {known}")
        table = self._with_targets(table)
        features = table.drop([*self.targets, *self.drop])
        if not features.width:
            raise UserError(f"{self.path} has no column left to be a feature")
        try:
            columns = describe_columns(features)
        except UserError as error:
            raise UserError(f"{self.path}: {error}") from error
        targets, classes = self._targets(table)
        show_columns(features, columns)
        return Samples(
            inputs=to_inputs(features, columns),
            targets=targets,
            columns=columns,
            target_names=list(self.targets),
            class_names=classes,
        )

    def _with_targets(self, table: pl.DataFrame) -> pl.DataFrame:
        """The rows whose target is known."""
        floats = cs.by_name(self.targets) & cs.float()
        finite = table.with_columns(pl.when(floats.is_finite()).then(floats))
        kept = finite.drop_nulls(self.targets)
        if not kept.height:
            raise UserError(f"{self.path}: target {self.targets[0]} has no values")
        if kept.height < table.height:
            show(f"{table.height - kept.height} rows without a target are left out")
        return kept

    def _targets(self, table: pl.DataFrame) -> tuple[Tensor, list[str]]:
        """Class indices [rows] and class names, or values [rows, targets] and none."""
        task = self.infer_task() if self.task == "auto" else self.task
        if task == "regression":
            for name in self.targets:
                if not table[name].dtype.is_numeric():
                    raise UserError(
                        f"{self.path}: target {name} is {table[name].dtype}, and "
                        "task=regression needs numbers"
                    )
            values = table.select(self.targets).to_numpy()
            return torch.tensor(values, dtype=torch.get_default_dtype()), []
        if len(self.targets) > 1:
            raise UserError(f"task={task} takes one target, got {list(self.targets)}")
        column = table[self.targets[0]]
        classes = column.unique().sort()
        real = column.dtype.is_float() and (column != column.round()).any()
        if real and len(classes) > MOST_CLASSES:
            raise UserError(
                f"{self.path}: target {column.name} holds real values, and task={task} "
                "needs classes: choose task=regression"
            )
        if len(classes) < 2:
            raise UserError(
                f"{self.path}: target {column.name} is {classes[0]} in every row: "
                "there is nothing to predict"
            )
        index = pl.DataFrame({"value": classes}).with_row_index("index")
        indices = pl.DataFrame({"value": column}).join(
            index, on="value", how="left", maintain_order="left"
        )["index"]
        return torch.tensor(indices.to_list()), classes.cast(pl.String).to_list()


def show_columns(table: pl.DataFrame, columns: Sequence[Column]) -> None:
    """What was inferred of each column, and what to look at."""
    found = new_table("column", "kind", "distinct", "missing", "note")
    for column in columns:
        values = table[column.name]
        distinct = values.drop_nulls().n_unique()
        found.add_row(
            column.name,
            column.kind,
            f"{distinct:,}",
            f"{values.null_count():,}",
            remark(values, column, distinct),
        )
    show(found)


def remark(values: pl.Series, column: Column, distinct: int) -> str:
    """What is odd about a column, if anything."""
    if distinct == 0:
        return "all missing"
    if distinct == 1:
        return "constant"
    if distinct == len(values) > 20 and values.dtype.is_integer():
        return f"unique in each row: an identifier? data.drop=[{column.name}]"
    if values.dtype.is_float() and values.is_infinite().any():
        return "infinite values count as missing"
    return ""
