"""A table of one's own: a CSV or Parquet file with a header."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl
import polars.selectors as cs
import torch

from litmlp.data.module import Data
from litmlp.data.samples import Samples
from litmlp.errors import UserError, nearest

MOST_CLASSES = 20
"""A whole-number target with more distinct values than this is a regression."""


@dataclass(kw_only=True, eq=False, repr=False)
class TableData(Data):
    """Numeric columns predict one target column, or several real-valued ones.

    Args:
        path: a ``.csv`` or ``.parquet`` file with a header.
        target: the column to predict, or several real-valued columns.
        task: whether the target is taken as classes or as real values; ``auto`` asks
            :meth:`infer_task`.

    Raises:
        UserError: no such file or column, a column that is not numeric, missing values.
    """

    path: str
    target: str | Sequence[str]
    task: Literal["auto", "binary", "multiclass", "regression"] = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.targets = [self.target] if isinstance(self.target, str) else self.target
        if not Path(self.path).is_file():
            raise UserError(f"path={self.path}: no such file")

    def infer_task(self) -> Literal["binary", "multiclass", "regression"]:
        """Two values: binary; text or few whole numbers: multiclass; or regression."""
        if len(self.targets) > 1:
            return "regression"
        column = self._read()[self.targets[0]]
        discrete = not column.dtype.is_float() or bool((column == column.round()).all())
        values = column.n_unique()
        if values == 2:
            return "binary"
        few = values <= MOST_CLASSES and discrete
        return "multiclass" if few or not column.dtype.is_numeric() else "regression"

    def load(self) -> Samples:
        table = self._read()
        features = table.drop(self.targets)
        for name, dtype in features.schema.items():
            if not (dtype.is_numeric() or dtype == pl.Boolean):
                raise UserError(
                    f"{self.path}: column {name} is {dtype}, and features must be "
                    "numeric: leave it out of the file or turn it into numbers"
                )
        if not features.width or not self.targets:
            raise UserError(f"{self.path}: needs a feature and a target column or more")
        if len(self.targets) > 1 and self.task in ("binary", "multiclass"):
            raise UserError(f"task={self.task} takes one target, got {self.targets}")
        lacking = table.with_columns(cs.float().fill_nan(None)).null_count()
        for name, missing in lacking.row(0, named=True).items():
            if missing:
                raise UserError(f"{self.path}: column {name} lacks {missing} value(s)")
        floating = torch.get_default_dtype()
        inputs = torch.tensor(features.to_numpy(), dtype=floating)
        task = self.infer_task() if self.task == "auto" else self.task
        if task == "regression":
            targets, classes = self._real_values(table).to(floating), []
        else:
            column = table[self.targets[0]]
            classes = column.unique().sort().to_list()
            index = {value: number for number, value in enumerate(classes)}
            targets = torch.tensor([index[value] for value in column])
        return Samples(
            inputs=inputs,
            targets=targets,
            feature_names=features.columns,
            target_names=self.targets,
            class_names=[str(value) for value in classes],
        )

    def _real_values(self, table: pl.DataFrame) -> torch.Tensor:
        for name in self.targets:
            if not table[name].dtype.is_numeric():
                raise UserError(
                    f"{self.path}: target {name} is {table[name].dtype}, and "
                    "task=regression needs numbers"
                )
        return torch.tensor(table.select(self.targets).to_numpy())

    def _read(self) -> pl.DataFrame:
        parquet = Path(self.path).suffix.lower() in (".parquet", ".pq")
        try:
            table = (pl.read_parquet if parquet else pl.read_csv)(self.path)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise UserError(f"{self.path}: cannot be read: {error}") from error
        for name in self.targets:
            if name not in table.columns:
                raise UserError(
                    f"{self.path} has no column {name}. {nearest(name, table.columns)}"
                )
        return table
