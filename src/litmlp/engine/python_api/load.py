"""A trained run that predicts tables in memory."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from litmlp.data.frame import to_polars
from litmlp.data.tables.raw_features import (
    Unseen,
    describe_unseen,
    to_inputs,
)
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.option_folders import open_project
from litmlp.engine.predict.trained_model import TrainedModel, trained
from litmlp.errors import UserError


@dataclass(frozen=True)
class LoadedModel:
    """A trained run, for tables in memory.

    Attributes:
        trained: the model, its config, and the names of its columns and classes.
    """

    trained: TrainedModel

    def __repr__(self) -> str:
        return f"LoadedModel({self.trained.folder})"

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest class [rows], or values [rows] or [rows, targets].

        Labels are 0 or 1 [rows, labels].

        Args:
            X: a table of pandas, polars or Arrow with the columns of the training
                table, or an array [rows, columns] in their order.

        Raises:
            UserError: a column is missing, or of another kind than in training.
        """
        found = predict_table(self.trained, self._table(X))
        if names := self.trained.class_names:
            classes: NDArray[Any] = np.array(names)[found.argmax(axis=1)]
            return classes
        if self.trained.prefix == "probability":
            return (found > 0.5).astype(int)
        found = found[:, : self.trained.num_predictions]
        return found[:, 0] if found.shape[1] == 1 else found

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities [rows, classes] in the order of the class names.

        Raises:
            UserError: as :meth:`predict`, or the model has real-valued targets.
        """
        if not self.trained.class_names and self.trained.prefix == "predicted":
            raise UserError("a regression has no probabilities: use predict")
        return predict_table(self.trained, self._table(X))

    def _table(self, X: Any) -> pl.DataFrame:
        table, columns = to_polars(X), self.trained.columns
        if hasattr(X, "columns") or table.width != len(columns):
            return table
        names = [column.name for column in columns]
        return table.rename(dict(zip(table.columns, names, strict=True)))


def load(folder: str | Path) -> LoadedModel:
    """Load the model of a run's folder.

    Raises:
        UserError: the folder holds no run that has trained, or a class of a package
            that the working folder's project does not allow.
    """
    open_project()
    with trained(Path(folder)) as model:
        return LoadedModel(model)


def predict_table(trained: TrainedModel, table: pl.DataFrame) -> NDArray[Any]:
    """Return probabilities [rows, classes] or values [rows, targets].

    Args:
        trained: a run.
        table: has the columns of the model by name, in any order; others are ignored.

    Raises:
        UserError: a column is missing, or of another kind than in training.
    """
    names = [column.name for column in trained.columns]
    if missing := [name for name in names if name not in table.columns]:
        raise UserError(
            f"the table has no column {', '.join(missing)}. "
            f"There are: {', '.join(table.columns)}"
        )
    unseen: Unseen = Unseen()
    with run_settings(trained.config):  # as in training: threads, floating-point type
        inputs = to_inputs(table, trained.columns, unseen)
        predictions: NDArray[Any] = trained.predict(inputs).numpy()
    for line in describe_unseen(unseen):
        warnings.warn(line, stacklevel=3)
    return predictions
