"""Predictions and true targets as tables with named columns."""

from collections.abc import Sequence
from typing import Any, Protocol

import polars as pl
from torch import Tensor


class Named(Protocol):
    """Samples, or a model that was trained on them: both know the names of targets."""

    @property
    def target_names(self) -> Sequence[str]: ...
    @property
    def class_names(self) -> Sequence[str]: ...


def predicted_names(named: Named, bounds: Sequence[float], prefix: str) -> list[str]:
    """Return the names of the columns that predictions are written to.

    Args:
        bounds: of a real value, the probabilities to lie below.
        prefix: of names of real values, ``probability`` for those of labels.
    """
    targets = named.target_names
    if named.class_names:
        probabilities = [f"probability_{name}" for name in named.class_names]
        return [f"predicted_{targets[0]}", *probabilities]
    more = [f"{name}_{bound:g}" for name in targets for bound in bounds]
    return [f"{prefix}_{name}" for name in (*targets, *more)]


def predicted_columns(
    named: Named, predicted: Tensor, bounds: Sequence[float], prefix: str
) -> pl.DataFrame:
    """Return probabilities [B, classes] or values [B, targets] as named columns.

    With bounds, the values are followed by those of each target [B, targets · bounds].
    """
    names = predicted_names(named, bounds, prefix)
    columns: list[Any] = [values.numpy() for values in predicted.T]
    if named.class_names:
        likeliest = predicted.argmax(dim=1).tolist()
        columns.insert(0, [named.class_names[i] for i in likeliest])
    return pl.DataFrame(dict(zip(names, columns, strict=True)))


def true_columns(named: Named, targets: Tensor) -> pl.DataFrame:
    """Return class indices [B] or values [B, targets] as columns of true targets."""
    names = list(named.target_names)
    if not named.class_names:
        return pl.DataFrame(targets.numpy(), schema=names)
    classes = [named.class_names[i] for i in targets.tolist()]
    return pl.DataFrame({names[0]: classes})
