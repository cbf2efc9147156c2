"""Predictions for the rows of a table in memory."""

from typing import Any

import polars as pl
from numpy.typing import NDArray

from litmlp.data.tables.raw_features import to_inputs
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.predict.trained_model import TrainedModel
from litmlp.errors import UserError


def predict_table(trained: TrainedModel, table: pl.DataFrame) -> NDArray[Any]:
    """Return probabilities [rows, classes] or values [rows, targets].

    Args:
        trained: a run, or the runs of a sweep together.
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
    with run_settings(trained.config):  # as in training: threads, floating-point type
        inputs = to_inputs(table, trained.columns)
        predictions: NDArray[Any] = trained.predict(inputs).numpy()
    return predictions
