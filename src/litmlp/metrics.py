"""Metrics that torchmetrics lacks, and values that it gives where there are none."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torchmetrics import Metric, classification, regression

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


def needs_both_classes(target: str) -> bool:
    """Say whether rows of a single class leave a metric undefined, by its class path.

    >>> needs_both_classes("torchmetrics.classification.BinaryAUROC")
    True
    """
    name = target.rpartition(".")[2]
    return name in {kind.__name__ for kind in (*NEEDS_BOTH, *NEEDS_POSITIVES)}
