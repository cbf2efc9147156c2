"""Activations for ONNX compute the same as those of torch."""

import pytest
import torch
from torch import nn

from litmlp.engine.predict.onnx_operations import OnnxOperations


@pytest.mark.parametrize(
    "activation", [nn.RReLU(), nn.GELU(), nn.GELU("tanh"), nn.LogSigmoid()]
)
def test_activations_are_torchs_in_evaluation(activation: nn.Module) -> None:
    inputs = 20 * torch.randn(100, 2, dtype=torch.float64)
    expected = activation.eval()(inputs)
    with OnnxOperations():
        found = activation(inputs)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
