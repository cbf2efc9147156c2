"""Metrics that torchmetrics lacks."""

from contextlib import nullcontext

import pytest
import torch
from sklearn import metrics as sklearn_metrics
from torchmetrics import classification, regression

from litmlp.metrics import BalancedAccuracy, BrierScore, LogLoss, R2Score, undefined


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


@pytest.mark.parametrize("num_classes", [2, 4])
def test_metrics_of_probabilities_are_those_of_scikit_learn(num_classes: int) -> None:
    torch.manual_seed(0)
    probabilities = torch.randn(50, num_classes).double().softmax(dim=1)
    targets = torch.randint(num_classes - num_classes // 4, (50,))  # one has no rows
    is_binary = num_classes == 2
    task, outputs = ("binary", 1) if is_binary else ("multiclass", num_classes)
    predicted = probabilities[:, 1] if is_binary else probabilities
    measured = {
        "balanced_accuracy": BalancedAccuracy(task=task, num_classes=outputs),
        "log_loss": LogLoss(task=task),
        "brier": BrierScore(task=task),
    }
    for metric in measured.values():
        for rows in torch.arange(50).split(20):
            metric.update(predicted[rows], targets[rows])
    labels = list(range(num_classes))
    likeliest = probabilities.argmax(dim=1)
    with (
        pytest.warns(UserWarning, match="not in y_true")
        if not is_binary
        else (nullcontext())
    ):
        balanced = sklearn_metrics.balanced_accuracy_score(targets, likeliest)
    expected = {
        "balanced_accuracy": balanced,
        "log_loss": sklearn_metrics.log_loss(targets, probabilities, labels=labels),
        "brier": sklearn_metrics.brier_score_loss(
            targets, probabilities, labels=labels
        ),
    }
    for name, metric in measured.items():
        assert float(metric.compute()) == pytest.approx(expected[name], rel=1e-6)


def test_the_log_loss_of_a_certain_mistake_is_finite() -> None:
    metric = LogLoss(task="binary")
    metric.update(torch.tensor([1.0]), torch.tensor([0]))
    assert float(metric.compute()) == pytest.approx(-torch.tensor(2**-23).log())
