"""The common part of the estimators: from tables and arguments to a model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from litmlp.data.frame import to_polars
from litmlp.engine.config.complete_config import PER_LAYER
from litmlp.engine.python_api.fit_table import fit_table
from litmlp.engine.python_api.load import predict_table
from litmlp.engine.python_api.overrides import override
from litmlp.errors import UserError

KEYS = {
    "hidden_sizes": "model.hidden_sizes",
    "lr": "optimizer.lr",
    "batch_size": "data.batch_size",
    "max_epochs": "trainer.max_epochs",
}
"""Arguments whose name is not the whole key of the config."""

NOT_IN_CONFIG = ("overrides", "logs")

Names = str | Sequence[str] | None


class TableEstimator(BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Base of the estimators: a subclass says what it predicts.

    Attributes:
        n_features_in_: the number of columns.
        feature_names_in_: the names of the columns, where they have names.
        trained_: the model at its best epoch, with its config.
    """

    def __init__(
        self,
        *,
        hidden_sizes: Sequence[int] | None = None,
        activation: Names = None,
        batchnorm: Names = None,
        dropout: Names = None,
        initializer: Names = None,
        loss: str | None = None,
        penalty: str | None = None,
        optimizer: str | None = None,
        lr: float | None = None,
        scheduler: str | None = None,
        preprocessing: str | None = None,
        batch_size: int | str | None = None,
        max_epochs: int | str | None = None,
        seed: int = 0,
        overrides: Sequence[str] = (),
        logs: str | Path | None = None,
    ) -> None:
        self.hidden_sizes = hidden_sizes
        self.activation = activation
        self.batchnorm = batchnorm
        self.dropout = dropout
        self.initializer = initializer
        self.loss = loss
        self.penalty = penalty
        self.optimizer = optimizer
        self.lr = lr
        self.scheduler = scheduler
        self.preprocessing = preprocessing
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.seed = seed
        self.overrides = overrides
        self.logs = logs

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def _rows(
        self, X: Any, y: NDArray[Any], sample_weight: Any
    ) -> tuple[pl.DataFrame, NDArray[Any], NDArray[np.float64] | None]:
        """Return the rows to train on: features, y and weights, if there are any.

        A row that weighs nothing is left out, as if it were not there.
        """
        table = self._columns(X, reset=True)
        check_consistent_length(table, y)
        self.column_names_ = table.columns
        if sample_weight is None:
            return table, y, None
        weights = np.asarray(sample_weight, dtype=np.float64)
        if weights.ndim == 0:  # one number for all
            weights = np.full(len(y), weights)
        allowed = np.isfinite(weights) & (weights >= 0)
        if weights.shape != (len(y),) or not allowed.all() or not weights.any():
            raise UserError(
                f"sample_weight: give {len(y)} numbers of 0 or more, not all of them 0"
            )
        counts = weights > 0
        return table.filter(counts), y[counts], weights[counts]

    def _train(
        self, table: pl.DataFrame, y: pl.DataFrame, weights: Any, task: str
    ) -> None:
        """Train on the columns of a table and of y."""
        y = y.rename(lambda name: free_name(name, table.columns))
        options = [f"task={task}", *self._options()]
        table = table.hstack(y)
        if weights is not None:
            name = free_name("weight", table.columns)
            table = table.with_columns(pl.Series(name, weights))
            options.append(override("data.weight", name))
        self.trained_ = fit_table(
            table, y.columns, [*options, *self.overrides], self.logs
        )

    def _columns(self, X: Any, *, reset: bool) -> pl.DataFrame:
        """Return the features as a table, by the names that they had in the fit."""
        checks: dict[str, Any] = {"skip_check_array": True}
        if not hasattr(X, "columns"):
            checks = {"dtype": None, "ensure_all_finite": "allow-nan"}
            checks["ensure_min_samples"] = 2 if reset else 1
        table = to_polars(validate_data(self, X, reset=reset, **checks))
        if reset:
            return table
        names = dict(zip(table.columns, self.column_names_, strict=True))
        return table.rename(names)

    def _options(self) -> list[str]:
        """Return the overrides of the arguments that are given."""
        found = []
        for name, value in self.get_params(deep=False).items():
            if name in NOT_IN_CONFIG or value is None:
                continue
            per_layer = name in PER_LAYER and not isinstance(value, str)
            key = f"model.{name}" if per_layer else KEYS.get(name, name)
            found.append(override(key, value))
        return found

    def _predictions(self, X: Any) -> NDArray[Any]:
        """Return probabilities [rows, classes] or values [rows, targets]."""
        check_is_fitted(self)
        found = predict_table(self.trained_, self._columns(X, reset=False))
        return found[:, : self.trained_.num_predictions]


def free_name(name: str, taken: Sequence[str]) -> str:
    """Return a name that is not taken, by lines below it."""
    return free_name(f"{name}_", taken) if name in taken else name
