"""Metrics that torchmetrics lacks."""

import pytest
import torch
from torchmetrics import classification, regression

from litmlp.metrics import R2Score, undefined


def test_r2_is_torchmetrics_from_two_rows_on() -> None:
    outputs, targets = torch.randn(5, 2), torch.randn(5, 2)
    assert R2Score()(outputs, targets) == regression.R2Score()(outputs, targets)
    assert not R2Score()(outputs[:2], targets[:2]).isnan()


def test_r2_of_a_single_row_is_not_a_number() -> None:
    assert R2Score()(torch.ones(1, 2), torch.zeros(1, 2)).isnan()


@pytest.mark.parametrize(
    ("probabilities", "targets", "names"),
    [
        ([0.2, 0.7], [0, 1], set()),
        ([0.2, 0.7], [1, 1], {"auroc"}),
        ([0.2, 0.7], [0, 0], {"auroc", "recall"}),
        ([0.2, 0.3], [0, 0], {"auroc", "recall", "precision", "f1"}),
    ],
)
def test_a_metric_that_one_class_leaves_undefined_is_nan(
    probabilities: list[float], targets: list[int], names: set[str]
) -> None:
    metrics = {
        "accuracy": classification.BinaryAccuracy(),
        "auroc": classification.BinaryAUROC(),
        "f1": classification.BinaryF1Score(),
        "precision": classification.BinaryPrecision(),
        "recall": classification.BinaryRecall(),
    }
    found = undefined(metrics, torch.tensor(probabilities), torch.tensor(targets))
    assert set(found) == names
    assert all(value.isnan() for value in found.values())
