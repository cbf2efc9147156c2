"""Classifier and regressor with the interface of scikit-learn."""

from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from litmlp.data.tables.column_kinds import as_text
from litmlp.engine.python_api.table_estimator import TableEstimator
from litmlp.errors import UserError


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
        batch_size: rows per step, ``full`` or ``auto``.
        max_epochs: the most epochs, or ``auto``.
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
        table, labels, weights = self._rows(X, labels, sample_weight)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise UserError(f"y has one class, {self.classes_[0]}: give two or more")
        names = as_text(pl.Series(self.classes_.tolist())).to_list()
        # Of type Enum, which keeps the order and which nothing takes for numbers.
        column = pl.Series(names, dtype=pl.Enum(names))[codes]
        task = "binary" if len(names) == 2 else "multiclass"
        self._train(table, pl.DataFrame({target_name(y): column}), weights, task)
        return self

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities [rows, classes] in the order of ``classes_``."""
        return self._predictions(X)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest label of each row [rows]."""
        likeliest = self._predictions(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[likeliest]
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
        table, values, weights = self._rows(X, values, sample_weight)
        targets = pl.DataFrame(values.reshape(len(values), -1), schema=names)
        self._train(table, targets, weights, "regression")
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values [rows], or [rows, targets] after a fit on several targets."""
        values = self._predictions(X)
        return values[:, 0] if self._is_flat else values


def target_name(y: Any) -> str:
    """Return the name of a series, or ``target`` for what has none."""
    return str(getattr(y, "name", None) or "target")
