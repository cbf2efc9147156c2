"""Classifier and regressor with the interface of scikit-learn."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from litmlp.data.frame import to_polars
from litmlp.data.tables.column_kinds import as_text
from litmlp.engine.config.complete import PER_LAYER
from litmlp.engine.python_api.fit_table import Table, fit_table
from litmlp.engine.python_api.overrides import override
from litmlp.engine.python_api.predict_table import predict_table
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
    """The common part of the estimators: from tables and arguments to a model.

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
        max_epochs: int | None = None,
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

    def _fit(self, X: Any, y: pl.DataFrame, sample_weight: Any, task: str) -> None:
        """Train on features and targets."""
        table = self._columns(X, reset=True)
        check_consistent_length(table, y)
        self.column_names_ = table.columns
        targets = y.rename(lambda name: free_name(name, table.columns))
        whole, weights = table.hstack(targets), None
        if sample_weight is not None:
            found = row_weights(sample_weight, y.height)
            counts = found > 0  # a row that weighs nothing is no row
            whole, weights = whole.filter(counts), torch.from_numpy(found[counts])
            weights = None if (weights == weights[0]).all() else weights
        self.trained_ = fit_table(
            Table(frame=whole, targets=targets.columns, weights=weights),
            [f"task={task}", *self._options(), *self.overrides],
            self.logs,
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
        return predict_table(self.trained_, self._columns(X, reset=False))


class MLPClassifier(ClassifierMixin, TableEstimator):  # type: ignore[misc]  # sklearn has no types
    """Multilayer perceptron for two or more classes, as an estimator of scikit-learn.

    Arguments are the names of options and keys in ``conf/``, and None leaves what is
    chosen there: ``MLPClassifier(activation="gelu", optimizer="adamw", lr=3e-3)``.
    Columns may be numbers, truth values, times or categories; values may be missing.
    A part of the rows is for validation, which stops the training early.

    Args:
        hidden_sizes: one width per hidden layer.
        activation, batchnorm, dropout, initializer: an option, or one per hidden layer.
        loss, penalty, optimizer, scheduler, preprocessing: an option.
        lr: learning rate of the optimizer.
        batch_size: rows per step, or ``full``.
        max_epochs: the most epochs.
        seed: of initial weights, the order of rows, and dropout.
        overrides: all else, as on the command line: ``["dropout.p=0.3"]``.
        logs: the folder in which each fit makes a run folder; None: nothing is written.

    Attributes:
        classes_: the labels, in the order of the columns of ``predict_proba``.

    Raises:
        UserError: there is no such option, or a column cannot be used.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on a table [rows, columns] of pandas, polars or Arrow, or an array.

        Args:
            X: the features.
            y: one label per row.
            sample_weight: of each row in the loss; 0 leaves the row out.
        """
        labels = validate_data(self, "no_validation", y)
        if missing := sum(label is None for label in labels):
            raise UserError(f"y has missing values in {missing} rows: leave them out")
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise UserError(f"y has one class, {self.classes_[0]}: give two or more")
        names = as_text(pl.Series(self.classes_.tolist())).to_list()
        # Of type Enum, which keeps the order and which nothing takes for numbers.
        column = pl.Series(names, dtype=pl.Enum(names))[codes]
        task = "binary" if len(names) == 2 else "multiclass"
        self._fit(X, pl.DataFrame({target_name(y): column}), sample_weight, task)
        return self

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities [rows, classes] in the order of ``classes_``."""
        return self._predictions(X)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest label of each row [rows]."""
        labels: NDArray[Any] = self.classes_[self._predictions(X).argmax(axis=1)]
        return labels


class MLPRegressor(RegressorMixin, TableEstimator):  # type: ignore[misc]  # sklearn has no types
    """Multilayer perceptron for real values, as an estimator of scikit-learn.

    The arguments are those of :class:`MLPClassifier`. It trains on standardized
    targets, and predicts in the targets' own units.
    """

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on a table [rows, columns] of pandas, polars or Arrow, or an array.

        Args:
            X: the features.
            y: one value per row, or several [rows, targets].
            sample_weight: of each row in the loss; 0 leaves the row out.
        """
        values = validate_data(
            self, "no_validation", y, y_numeric=True, multi_output=True
        )
        self._is_flat = values.ndim == 1
        names = [target_name(y)]
        if not self._is_flat:
            numbered = [f"target{i}" for i in range(values.shape[1])]
            names = [str(name) for name in getattr(y, "columns", numbered)]
        targets = pl.DataFrame(values.reshape(len(values), -1), schema=names)
        self._fit(X, targets, sample_weight, "regression")
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values [rows], or [rows, targets] after a fit on several targets."""
        values = self._predictions(X)
        return values[:, 0] if self._is_flat else values


def row_weights(sample_weight: Any, num_rows: int) -> NDArray[np.float64]:
    """Return weights as an array [rows]; scikit-learn also allows one number for all.

    Raises:
        UserError: another shape, a negative weight, or no positive one.
    """
    weights = np.asarray(sample_weight, dtype=np.float64)
    weights = np.full(num_rows, weights) if weights.ndim == 0 else weights
    if weights.shape != (num_rows,):
        raise UserError(
            f"sample_weight has the shape {weights.shape}: give one per row, "
            f"({num_rows},)"
        )
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise UserError("sample_weight: give numbers of 0 or more, not all of them 0")
    return weights


def target_name(y: Any) -> str:
    """Return the name of a series, or ``target`` for what has none."""
    return str(getattr(y, "name", None) or "target")


def free_name(name: str, taken: Sequence[str]) -> str:
    """Return a name that is not taken, by lines below it."""
    return free_name(f"{name}_", taken) if name in taken else name
