"""Scores of classes and targets against scikit-learn's and torchmetrics'."""

import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    classification_report,
    confusion_matrix,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)
from torch import Tensor
from torchmetrics.functional.classification import (
    binary_calibration_error,
    multiclass_calibration_error,
)

from litmlp.engine.diagnosis.score_tables import (
    calibration_bins,
    calibration_error,
    class_scores,
    confusion,
    target_scores,
)


def classified(num_rows: int, num_classes: int) -> tuple[Tensor, Tensor]:
    """Random classes, and probabilities that know something of them."""
    targets = torch.randint(num_classes, (num_rows,))
    logits = torch.randn(num_rows, num_classes, dtype=torch.float64)
    logits[torch.arange(num_rows), targets] += 1
    return targets, logits.softmax(dim=1)


@pytest.mark.parametrize("num_classes", [2, 5])
def test_class_scores_are_scikit_learns(num_classes: int) -> None:
    targets, probabilities = classified(300, num_classes)
    names = [f"class {index}" for index in range(num_classes)]
    scores = class_scores(targets, probabilities, names)
    report = classification_report(
        targets, probabilities.argmax(1), target_names=names, output_dict=True
    )
    for index, row in enumerate(scores.iter_rows(named=True)):
        expected = report[names[index]]
        assert row["rows"] == expected["support"]
        assert row["precision"] == pytest.approx(expected["precision"])
        assert row["recall"] == pytest.approx(expected["recall"])
        assert row["f1"] == pytest.approx(expected["f1-score"])
        area = roc_auc_score(targets == index, probabilities[:, index])
        assert row["auroc"] == pytest.approx(area)


def test_scores_that_are_not_defined_are_missing() -> None:
    targets = torch.tensor([0, 0, 1])
    probabilities = torch.tensor([[0.8, 0.2, 0.0], [0.6, 0.3, 0.1], [0.7, 0.3, 0.0]])
    scores = class_scores(targets, probabilities, ["a", "b", "c"])
    assert scores["rows"].to_list() == [2, 1, 0]
    assert scores["precision"].to_list() == [pytest.approx(2 / 3), None, None]
    assert scores["recall"].to_list() == [1, 0, None]
    assert scores["f1"].to_list() == [0.8, 0, None]
    assert scores["auroc"].to_list() == [0.5, 0.75, None]


def test_confusion_counts_true_classes_down_and_predicted_ones_across() -> None:
    targets, probabilities = classified(200, 4)
    table = confusion(targets, probabilities, list("abcd"))
    assert table.columns == ["true", *(f"predicted_{name}" for name in "abcd")]
    assert table["true"].to_list() == list("abcd")
    expected = confusion_matrix(targets, probabilities.argmax(dim=1))
    np.testing.assert_array_equal(table.drop("true").to_numpy(), expected)


def test_calibration_of_two_classes_is_scikit_learns_and_torchmetrics() -> None:
    targets, probabilities = classified(500, 2)
    bins = calibration_bins(targets, probabilities)
    second = probabilities[:, 1].contiguous()
    frequency, mean = calibration_curve(targets, second, n_bins=10)
    filled = bins.drop_nulls()
    np.testing.assert_allclose(filled["frequency"], frequency)
    np.testing.assert_allclose(filled["probability"], mean)
    assert bins["rows"].sum() == 500
    expected = binary_calibration_error(second, targets, n_bins=10)
    assert calibration_error(bins) == pytest.approx(float(expected), abs=1e-5)


def test_calibration_of_more_classes_is_that_of_the_predicted_one() -> None:
    targets, probabilities = classified(500, 6)
    error = calibration_error(calibration_bins(targets, probabilities))
    expected = multiclass_calibration_error(
        probabilities, targets, num_classes=6, n_bins=10
    )
    assert error == pytest.approx(float(expected), abs=1e-5)


def test_certain_probabilities_are_in_the_last_bin_and_empty_bins_are_missing() -> None:
    bins = calibration_bins(
        torch.tensor([1, 0]), torch.tensor([[0.0, 1.0]]).repeat(2, 1)
    )
    assert bins["rows"].to_list() == [0] * 9 + [2]
    assert bins["frequency"].to_list() == [None] * 9 + [0.5]


def test_target_scores_are_scikit_learns() -> None:
    targets = 100 + 20 * torch.randn(200, 3)
    predictions = targets + torch.tensor([1.0, 10.0, 40.0]) * torch.randn(200, 3)
    scores = target_scores(targets, predictions, ["a", "b", "c"])
    for row, true, predicted in zip(
        scores.iter_rows(named=True),
        targets.double().T.numpy(),
        predictions.double().T.numpy(),
        strict=True,
    ):
        assert row["r2"] == pytest.approx(r2_score(true, predicted))
        assert row["mae"] == pytest.approx(mean_absolute_error(true, predicted))
        assert row["rmse"] == pytest.approx(root_mean_squared_error(true, predicted))
        assert row["mean_residual"] == pytest.approx((true - predicted).mean())
        assert row["largest_residual"] == pytest.approx(abs(true - predicted).max())


def test_a_constant_target_has_no_r2() -> None:
    scores = target_scores(torch.ones(5, 1), torch.randn(5, 1), ["y"])
    assert scores["r2"].to_list() == [None]
