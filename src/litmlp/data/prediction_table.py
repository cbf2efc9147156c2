"""Predictions and true targets as tables with named columns."""

from collections.abc import Sequence
from typing import Any, Protocol

import polars as pl
from torch import Tensor

from litmlp.data.samples import predicted_names


class Named(Protocol):
    """Samples, or a model that was trained on them: both know the names of targets."""

    @property
    def target_names(self) -> Sequence[str]: ...
    @property
    def class_names(self) -> Sequence[str]: ...


def predicted_columns(
    named: Named,
    predicted: Tensor,
    bounds: Sequence[float] = (),
    prefix: str = "predicted",
) -> pl.DataFrame:
    """Return probabilities [B, classes] or values [B, targets] as named columns.

    With bounds, the values are followed by those of each target [B, targets · bounds].
    The names of values begin with the prefix.
    """
    names = predicted_names(named.target_names, named.class_names, bounds, prefix)
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
