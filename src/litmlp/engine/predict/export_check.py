"""Comparison of an exported model's predictions with those of its checkpoint."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from litmlp.data.preprocessing import Preprocessing
from litmlp.data.scaling import QuantileNormal, RobustScale, Standardize
from litmlp.engine.predict.exported_model import split_inputs
from litmlp.engine.predict.trained_model import TrainedModel
from litmlp.regressor import Regressor

MANY = 1000
"""Rows of the second batch that is compared; the first has a single row."""

Predict = Callable[[dict[str, Tensor]], Tensor]
"""An exported model: from its inputs by name to its predictions."""


def largest_difference(model: TrainedModel, predict: Predict) -> float:
    """Return the largest difference of predictions, over random rows of every kind.

    It is one of probabilities, or a fraction of a real-valued target's size: of its
    largest prediction or, if that is more, of its standard deviation in training.
    """
    rows = rows_like(model, 1 + MANY)
    expected = model.predict(rows)
    batches = torch.split(rows, [1, MANY])
    found = torch.cat([predict(split_inputs(b, model.columns)) for b in batches])
    size = torch.ones(())
    if isinstance(model.model, Regressor):
        std = model.model.target_std
        each = torch.cat([std, std.repeat_interleave(len(model.bounds))])
        size = expected.abs().amax(dim=0).maximum(each)
    return float(((found - expected).abs() / size).max())


def rows_like(model: TrainedModel, count: int) -> Tensor:
    """Return random raw rows [count, columns], numbers about as large as in training.

    A tenth of each column is missing; categories include one that is unknown.
    """
    preprocessing = model.model.preprocessing
    assert isinstance(preprocessing, Preprocessing)
    rows = torch.empty(count, len(model.columns))
    center, width = center_and_width(preprocessing.scale)
    numbers = torch.randn(count, len(preprocessing.numeric))
    rows[:, preprocessing.numeric] = center + width * numbers
    for i, column in enumerate(model.columns):
        if column.kind == "categorical":
            rows[:, i] = torch.randint(-1, len(column.categories), (count,))
    return rows.masked_fill(torch.rand_like(rows) < 0.1, torch.nan)


def center_and_width(scale: nn.Module) -> tuple[Tensor, Tensor]:
    """Return the place and spread of each column [columns]; 0 and 1 if unknown."""
    match scale:
        case Standardize():
            return scale.mean, scale.std
        case RobustScale():
            return scale.median, scale.range
        case QuantileNormal():
            last = scale.quantiles.shape[1] - 1
            quartiles = [last // 4, last // 2, 3 * last // 4]
            low, median, high = scale.quantiles[:, quartiles].T
            return median, high - low
    return torch.zeros(()), torch.ones(())
