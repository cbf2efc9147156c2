"""Activations for ONNX compute the same as those of torch."""

from statistics import NormalDist

import pytest
import torch
from torch import nn

from litmlp.engine.predict.onnx_operations import (
    OnnxOperations,
    normal_quantile,
    searchsorted,
)


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 1000])
def test_a_search_finds_torchs_places(count: int, right: bool) -> None:
    ordered = torch.randint(0, 30, (4, count)).float().sort().values
    values = torch.randint(-1, 32, (4, 200)).float()
    expected = torch.searchsorted(ordered, values, right=right)
    assert torch.equal(searchsorted(ordered, values, right=right), expected)


def test_the_normal_quantile_is_exact_in_the_middle_and_far_out() -> None:
    tail = torch.logspace(-30, -1, 500, dtype=torch.float64)
    fractions = torch.cat(
        [tail, torch.linspace(0.01, 0.99, 99).double(), 1 - tail[300:]]
    )
    expected = torch.tensor([NormalDist().inv_cdf(p) for p in fractions.tolist()])
    found = normal_quantile(fractions)
    torch.testing.assert_close(found, expected.double(), rtol=1e-6, atol=0)
    torch.testing.assert_close(
        found, torch.special.ndtri(fractions), rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize(
    "activation", [nn.RReLU(), nn.GELU(), nn.GELU("tanh"), nn.LogSigmoid()]
)
def test_activations_are_torchs_in_evaluation(activation: nn.Module) -> None:
    inputs = 20 * torch.randn(100, 2, dtype=torch.float64)
    expected = activation.eval()(inputs)
    with OnnxOperations():
        found = activation(inputs)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
