"""The numbers behind the losses' pictures."""

import math

import pytest
import torch
from torch import Tensor, nn

from litmlp.course.gallery.loss import ERRORS, LEADS, measure
from litmlp.errors import UserError


def pinball(outputs: Tensor, targets: Tensor) -> Tensor:
    errors = targets - outputs
    return torch.maximum(0.9 * errors, -0.1 * errors).mean()


def test_a_loss_of_ones_own_is_one_of_real_values() -> None:
    curve = measure(pinball)
    assert curve.at(-1)[1] == pytest.approx(-0.9)
    assert curve.at(1)[1] == pytest.approx(0.1)


def test_a_module_that_is_no_loss_is_refused() -> None:
    with pytest.raises(UserError, match="takes the outputs and targets of no task"):
        measure(nn.ReLU())


@pytest.mark.parametrize(
    ("loss", "values", "slopes"),
    [
        (nn.L1Loss(), ERRORS.abs(), ERRORS.sign()),
        (nn.MSELoss(), ERRORS**2, 2 * ERRORS),
        (
            nn.SmoothL1Loss(),
            torch.where(ERRORS.abs() < 1, ERRORS**2 / 2, ERRORS.abs() - 0.5),
            ERRORS.clamp(-1, 1),
        ),
    ],
)
def test_regression_losses_follow_their_formulas(
    loss: nn.Module, values: Tensor, slopes: Tensor
) -> None:
    curve = measure(loss)
    assert curve.probabilities is None
    assert torch.allclose(curve.values, values, atol=1e-6)
    assert torch.allclose(curve.slopes, slopes, atol=1e-6)


def test_cross_entropy_is_minus_log_of_the_probability() -> None:
    curve = measure(nn.CrossEntropyLoss())
    assert curve.probabilities is not None
    softmax = torch.exp(LEADS) / (torch.exp(LEADS) + 2)
    assert torch.allclose(curve.probabilities, softmax)
    assert torch.allclose(curve.values, -torch.log(softmax), atol=1e-5)
    assert torch.allclose(curve.slopes, softmax - 1, atol=1e-5)
    assert curve.at(0)[0] == pytest.approx(math.log(3))
