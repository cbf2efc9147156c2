"""Pictures of a regressor: what they show, and that no data break them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import r2_score
from torch import Tensor

from litmlp.engine.figures.regression import (
    PICTURES,
    predicted_vs_true,
    residuals,
    worst_predictions,
)
from litmlp.engine.figures.style import save


def predicted(num_rows: int, num_targets: int) -> tuple[Tensor, Tensor, list[str]]:
    """Random values, predictions that know something of them, and names."""
    targets = 100 * torch.randn(num_rows, num_targets)
    predictions = 0.8 * targets + 20 * torch.randn(num_rows, num_targets)
    names = ["income in $ or $", *(f"target {index}" for index in range(num_targets))]
    return targets, predictions, names[:num_targets]


@pytest.mark.parametrize(
    "case",
    [
        predicted(200, 2),
        predicted(1, 1),
        predicted(100_000, 1),
        (predicted(5000, 1)[0], torch.full((5000, 1), 3.0), ["constant"]),
        (torch.full((5, 1), 3e17), torch.full((5, 1), 1e17), ["huge"]),
        (torch.zeros(5, 1), torch.zeros(5, 1), ["zero"]),
    ],
    ids=["several", "one row", "many rows", "constant", "huge", "zero"],
)
def test_every_picture_can_be_drawn(
    case: tuple[Tensor, Tensor, list[str]], tmp_path: Path
) -> None:
    for name, picture in [*PICTURES.items(), ("worst", worst_predictions)]:
        save(picture(*case), tmp_path / f"{name}.png")
        assert 3000 < (tmp_path / f"{name}.png").stat().st_size < 1_000_000


def test_points_are_predictions_against_true_values() -> None:
    targets, predictions, names = predicted(50, 2)
    for index, axes in enumerate(predicted_vs_true(targets, predictions, names).axes):
        true, guess = targets[:, index].double(), predictions[:, index].double()
        points = axes.collections[0].get_offsets()
        np.testing.assert_array_equal(points, torch.stack([true, guess], dim=1))
        assert f"R² {r2_score(true, guess):.3f}" in axes.get_title(loc="left")
        assert axes.get_xlim() == axes.get_ylim()


def test_residuals_are_what_is_left_of_the_true_values() -> None:
    targets, predictions, names = predicted(100, 1)
    left, right = residuals(targets, predictions, names).axes
    rest = (targets.double() - predictions.double()).squeeze(1)
    guess = predictions.double().squeeze(1)
    points = left.collections[0].get_offsets()
    np.testing.assert_array_equal(points, torch.stack([guess, rest], dim=1))
    bars = right.containers[0]
    assert sum(bar.get_height() for bar in bars) == 100
    edges = [*(bar.get_x() for bar in bars), right.get_xlim()[1]]
    expected, _ = np.histogram(rest, bins=edges)
    assert [bar.get_height() for bar in bars] == expected.tolist()


def test_many_rows_are_counted_instead_of_drawn() -> None:
    targets, predictions, names = predicted(5000, 1)
    axes = predicted_vs_true(targets, predictions, names).axes[0]
    counts = axes.collections[0].get_array()
    assert counts is not None
    assert counts.sum() == 5000


def test_of_many_targets_the_first_few_have_a_panel_and_it_is_said() -> None:
    targets, predictions, names = predicted(20, 30)
    figure = predicted_vs_true(targets, predictions, names)
    assert len(figure.axes) == 12
    assert figure.get_suptitle() == "the first 12 of 30 targets"


def test_the_worst_predictions_are_in_units_of_their_targets_deviation() -> None:
    targets = torch.tensor([[0.0, 0.0], [1.0, 1000.0], [2.0, 2000.0]])
    predictions = targets + torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, -100.0]])
    figure = worst_predictions(targets, predictions, ["a", "b"], row_names="xyz")
    cells = figure.axes[0].tables[0].get_celld()
    first, second = (
        [cells[row, column].get_text().get_text() for column in range(5)]
        for row in (1, 2)
    )
    assert first == ["y", "a", "1", "3", "-2"]
    assert second == ["z", "b", "2000", "1900", "100"]
