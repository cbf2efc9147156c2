"""Losses that describe distributions, against references; their predictions."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from scipy.stats import norm
from sklearn.metrics import mean_pinball_loss
from small_parts import a_regressor
from torch import nn

from litmlp.distributions import Distribution, GaussianNLL, Pinball, Poisson
from litmlp.errors import UserError

QUANTILES = [0.1, 0.25, 0.5, 0.75, 0.9]


def test_poisson_is_the_loss_of_torch() -> None:
    outputs, targets = torch.randn(6, 2), torch.rand(6, 2)
    expected = nn.PoissonNLLLoss()(outputs, targets)
    torch.testing.assert_close(Poisson()(outputs, targets), expected)


def test_gaussian_nll_is_the_loss_of_torch() -> None:
    outputs, targets = torch.randn(6, 4), torch.randn(6, 2)
    mean, variance = outputs[:, ::2], outputs[:, 1::2].exp()
    expected = F.gaussian_nll_loss(mean, targets, variance)
    torch.testing.assert_close(GaussianNLL()(outputs, targets), expected)
    exact = torch.tensor([[0.0, -1e6]])
    assert GaussianNLL()(exact, torch.zeros(1, 1)).isfinite()


def test_pinball_is_the_mean_of_scikit_learn_over_quantiles() -> None:
    loss = Pinball(quantiles=QUANTILES)
    outputs, targets = torch.randn(6, 10), torch.randn(6, 2)
    values = loss.values(outputs)
    each = [
        mean_pinball_loss(targets, values[..., i], alpha=q)
        for i, q in enumerate([0.5, *loss.bounds])
    ]
    assert float(loss(outputs, targets)) == pytest.approx(sum(each) / 5, rel=1e-5)


def test_quantiles_never_cross_and_the_middle_one_is_predicted() -> None:
    loss = Pinball(quantiles=QUANTILES)
    outputs = 20 * torch.randn(1000, 10)
    middle, *bounds = loss.values(outputs).unbind(-1)
    torch.testing.assert_close(middle, outputs[:, ::5])
    ordered = torch.stack([*bounds[:2], middle, *bounds[2:]])
    assert (ordered.diff(dim=0) >= 0).all()


@pytest.mark.parametrize(
    ("loss", "outputs", "columns"),
    [
        (Poisson(), [0.0, 1.0], [7.0, 7 * torch.e]),  # fractions of the mean
        (
            GaussianNLL(bounds=[0.05, 0.95]),
            [0.0, 0.0, 1.0, 2.0],
            [7, 9, *(7 + 2 * norm.ppf([0.05, 0.95])),
             *(9 + 2 * norm.ppf([0.05, 0.95]) * torch.e)],
        ),
        (
            Pinball(quantiles=[0.2, 0.5, 0.8]),
            [0.0, 50.0, 60.0, 1.0, 50.0, 50.0],
            [7, 9, 7 - 100, 7 + 120, 9 - 100, 9 + 100],
        ),
    ],
)  # fmt: skip
def test_predictions_and_then_bounds_are_in_the_units_of_the_targets(
    loss: Distribution, outputs: Sequence[float], columns: Sequence[Any]
) -> None:
    scaled = {"target_mean": [7.0, 7.0], "target_std": [2.0, 2.0]}
    model, raw = a_regressor(loss=loss, **scaled), torch.tensor([outputs])
    expected = torch.tensor([columns], dtype=torch.float32)
    torch.testing.assert_close(model.to_columns(raw), expected)
    torch.testing.assert_close(model.to_predictions(raw), expected[:, :2])


def test_the_loss_of_counts_divides_by_their_mean_alone() -> None:
    model = a_regressor(loss=Poisson(), target_mean=[4.0, 4.0])
    outputs, targets = torch.randn(5, 2), torch.randint(9, (5, 2)).float()
    expected = F.poisson_nll_loss(outputs, targets / 4)
    torch.testing.assert_close(model.compute_loss(outputs, targets), expected)
    unscaled = a_regressor(loss=Poisson())
    torch.testing.assert_close(unscaled.to_predictions(outputs), outputs.exp())
    unscaled.check_targets(targets)
    with pytest.raises(UserError, match=r"0 or more, and a target is -1: choose"):
        unscaled.check_targets(torch.tensor([[3.0, -1.0]]))


@pytest.mark.parametrize(
    "values", [[], [0.5, 0.1], [0.0, 0.5, 1.0], [0.2, 0.2, 0.9], [50.0]]
)
def test_probabilities_that_are_none_are_refused(values: list[float]) -> None:
    with pytest.raises(UserError, match=r"bounds=.* rising numbers between 0 and 1"):
        GaussianNLL(bounds=values)
    with pytest.raises(UserError, match=r"quantiles=.* rising numbers"):
        Pinball(quantiles=values)
    with pytest.raises(UserError, match="give an odd number"):
        Pinball(quantiles=[0.1, 0.9])
