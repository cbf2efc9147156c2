"""The numbers behind the activations' pictures."""

from typing import Any

import pytest
import torch
from torch import nn

from litmlp.course.gallery.activation import INPUTS, measure


def test_slope_of_sigmoid_and_tanh_is_that_of_the_formula() -> None:
    f = torch.sigmoid(INPUTS)
    curves = measure(nn.Sigmoid)
    assert torch.allclose(curves.outputs[:, 0], f)
    assert torch.allclose(curves.slopes[:, 0], f * (1 - f))
    assert curves.steepest == 0.25
    f = torch.tanh(INPUTS)
    assert torch.allclose(measure(nn.Tanh).slopes[:, 0], 1 - f**2)
    assert measure(nn.Tanh).steepest == 1


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        (nn.Sigmoid, ["saturated x < −5.99", "saturated x > 5.99"]),
        (nn.Tanh, ["saturated x < −3", "saturated x > 3"]),
        (nn.ReLU, ["dead x < 0"]),
        (nn.ReLU6, ["dead x < 0", "dead x > 6"]),
        (nn.Hardshrink, ["dead −0.5 < x < 0.5"]),
        (nn.Tanhshrink, ["saturated −0.1 < x < 0.1"]),
        (nn.GELU, ["saturated x < −3.03"]),  # and not where its slope crosses zero
        (nn.LeakyReLU, []),
        (nn.Softsign, []),
        (nn.Identity, []),
    ],
)
def test_zones_are_where_units_hardly_learn(activation: Any, expected: Any) -> None:
    zones = measure(activation).zones
    assert [f"{zone.kind} {zone}" for zone in zones] == expected


@pytest.mark.parametrize(
    ("activation", "mean"),
    [(nn.Sigmoid, 0.5), (nn.Tanh, 0.0), (nn.ReLU, (2 * torch.pi) ** -0.5)],
)
def test_mean_output_says_what_is_zero_centred(activation: Any, mean: float) -> None:
    assert measure(activation).mean_output == pytest.approx(mean, abs=1e-4)


def test_softmax_is_seen_as_a_function_of_the_layer() -> None:
    curves = measure(lambda: nn.Softmax(dim=-1))
    assert curves.outputs.shape == (len(INPUTS), 3)
    assert torch.allclose(curves.outputs.sum(1), torch.ones(len(INPUTS)).double())
    assert torch.allclose(curves.slopes.sum(1), torch.zeros(len(INPUTS)).double())
    f = curves.outputs
    assert torch.allclose(curves.slopes[:, 0], f[:, 0] * (1 - f[:, 0]))
    assert torch.allclose(curves.slopes[:, 1], -f[:, 0] * f[:, 1])


def test_random_slopes_are_the_mean_in_evaluation_and_spread_in_training() -> None:
    curves = measure(lambda: nn.RReLU(0.1, 0.3))
    below = INPUTS < -1
    assert torch.allclose(curves.outputs[below, 0], 0.2 * INPUTS[below])
    assert curves.training is not None
    slopes = curves.training[below] / INPUTS[below]
    assert 0.1 <= slopes.min() < 0.15
    assert 0.25 < slopes.max() <= 0.3
    assert measure(nn.ReLU).training is None
