"""Metrics that torchmetrics lacks, and values that it gives where there are none."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor
from torchmetrics import Metric, classification, regression

OfClasses = Literal["binary", "multiclass"]
"""The tasks of a metric that gets probabilities [rows] or [rows, classes]."""

NEEDS_BOTH = (
    classification.BinaryAUROC,
    classification.BinaryAveragePrecision,
    classification.BinaryMatthewsCorrCoef,
    classification.MulticlassAUROC,
)
"""Metrics that rows of a single class do not define."""
NEEDS_POSITIVES = (
    classification.BinaryRecall,
    classification.BinaryPrecision,
    classification.BinaryF1Score,
)
"""Metrics that rows without the second class do not define, unless it is predicted."""


class R2Score(regression.R2Score):
    """R²; NaN for a single row, where torchmetrics raises an error."""

    def compute(self) -> Tensor:
        if self.total < 2:
            return torch.tensor(torch.nan, device=self.device)
        return super().compute()


class BalancedAccuracy(Metric):
    """Mean recall of the classes that the rows have: rare classes count as others."""

    higher_is_better = True
    right: Tensor
    rows: Tensor

    def __init__(self, *, task: OfClasses, num_classes: int) -> None:
        super().__init__()
        for name in ("right", "rows"):
            zeros = torch.zeros(max(2, num_classes), dtype=torch.long)
            self.add_state(name, zeros, dist_reduce_fx="sum")

    def update(self, predicted: Tensor, targets: Tensor) -> None:
        likeliest = per_class(predicted).argmax(dim=1)
        count = len(self.rows)
        self.rows += targets.bincount(minlength=count)
        self.right += targets[likeliest == targets].bincount(minlength=count)

    def compute(self) -> Tensor:
        return (self.right / self.rows).nanmean()


class RowMean(Metric):
    """Mean over the rows of a value that a subclass computes; small values are good."""

    higher_is_better = False
    total: Tensor
    rows: Tensor

    def __init__(self, *, task: OfClasses) -> None:
        super().__init__()
        for name in ("total", "rows"):
            self.add_state(name, torch.tensor(0.0), dist_reduce_fx="sum")

    def of_rows(self, predicted: Tensor, targets: Tensor) -> Tensor:
        """Return one value per row for probabilities [rows, classes]."""
        raise NotImplementedError

    def update(self, predicted: Tensor, targets: Tensor) -> None:
        self.total = self.total + self.of_rows(per_class(predicted), targets).sum()
        self.rows = self.rows + len(targets)

    def compute(self) -> Tensor:
        return self.total / self.rows


class LogLoss(RowMean):
    """Mean of −log of the true class's probability, whatever the loss is."""

    def of_rows(self, predicted: Tensor, targets: Tensor) -> Tensor:
        of_true = predicted.gather(1, targets[:, None])
        return -of_true.clamp_min(torch.finfo(predicted.dtype).eps).log()


class BrierScore(RowMean):
    """Mean squared error of the probabilities, summed over the classes.

    Of two classes it is half the sum, the squared error of the second one. Source:
    Brier 1950, https://doi.org/10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2
    """

    def of_rows(self, predicted: Tensor, targets: Tensor) -> Tensor:
        num_classes = predicted.shape[1]
        wrong = predicted - torch.eye(num_classes).to(predicted)[targets]
        return wrong.square().sum(dim=1) / (2 if num_classes == 2 else 1)


def per_class(predicted: Tensor) -> Tensor:
    """Return probabilities [rows, classes], also of the second class alone [rows]."""
    if predicted.ndim == 2:
        return predicted
    return torch.stack([1 - predicted, predicted], dim=1)


def undefined(
    metrics: Mapping[str, Metric], predicted: Tensor, targets: Tensor
) -> dict[str, Tensor]:
    """Return NaN for each metric that rows of a single class leave undefined.

    Args:
        metrics: by name.
        predicted: probabilities of the second class [rows], or of classes [rows, C].
        targets: class indices [rows].
    """
    if not len(targets) or bool((targets != targets[0]).any()):
        return {}
    nan = torch.tensor(torch.nan, device=targets.device)
    has_positives = bool(targets[0] == 1)
    is_predicted = predicted.ndim == 1 and bool((predicted > 0.5).any())
    found = {}
    for name, metric in metrics.items():
        lacks_positives = isinstance(metric, NEEDS_POSITIVES) and not has_positives
        always = isinstance(metric, classification.BinaryRecall)
        if isinstance(metric, NEEDS_BOTH) or (
            lacks_positives and (always or not is_predicted)
        ):
            found[name] = nan
    return found
