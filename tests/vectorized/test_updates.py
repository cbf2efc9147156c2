"""A stack's updates are those of torch's optimizers."""

import pytest
import torch
from torch import nn, optim
from torch.optim import Optimizer

from litmlp.vectorized.hyperparameters import hyperparameters_of
from litmlp.vectorized.updates import RULES


@pytest.mark.parametrize("kind", [optim.Adam, optim.AdamW, optim.NAdam, optim.RAdam])
def test_weights_stay_finite_after_a_huge_gradient_as_alone(
    kind: type[Optimizer],
) -> None:
    torch.manual_seed(0)
    gradients = [1e20 * torch.randn(2, 5), *torch.randn(7, 2, 5)]
    alone = [nn.Parameter(row) for row in torch.randn(2, 5)]
    each = [kind([own], lr=lr) for own, lr in zip(alone, (0.1, 0.01), strict=True)]
    weights = torch.stack([own.detach().clone() for own in alone])
    values, rule = hyperparameters_of(each, weights.device), RULES[kind]
    state = rule.state(weights, values)
    for gradient in gradients:
        rule.step(weights, gradient.clone(), state, values)
        for own, optimizer, row in zip(alone, each, gradient, strict=True):
            own.grad = row.clone()
            optimizer.step()
    torch.testing.assert_close(weights, torch.stack([own.detach() for own in alone]))
