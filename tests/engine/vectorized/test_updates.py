"""A stack's updates are those of torch's optimizers."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn, optim
from torch.optim import Optimizer

from litmlp.engine.vectorized.optimizers import RULES
from litmlp.engine.vectorized.stacked_values import values_of


@pytest.mark.parametrize("kind", [optim.Adam, optim.AdamW, optim.NAdam, optim.RAdam])
def test_weights_stay_finite_after_a_huge_gradient_as_alone(
    kind: type[Optimizer],
) -> None:
    torch.manual_seed(0)
    gradients = [1e20 * torch.randn(2, 5), *torch.randn(7, 2, 5)]
    alone = [nn.Parameter(row) for row in torch.randn(2, 5)]
    each = [kind([own], lr=lr) for own, lr in zip(alone, (0.1, 0.01), strict=True)]
    weights = torch.stack([own.detach().clone() for own in alone])
    values, rule = values_of(each, weights.device), RULES[kind]
    state = rule.state(weights, values)
    for gradient in gradients:
        rule.step(weights, gradient.clone(), state, values)
        for own, optimizer, row in zip(alone, each, gradient, strict=True):
            own.grad = row.clone()
            optimizer.step()
    torch.testing.assert_close(weights, torch.stack([own.detach() for own in alone]))


@pytest.mark.parametrize("kind", RULES, ids=lambda kind: kind.__name__)
def test_who_else_is_updated_changes_no_bit(kind: type[Optimizer]) -> None:
    """Powers of a count, too: of many numbers at once torch's last digits differ."""
    torch.manual_seed(0)
    members, start = 35, torch.randn(35, 5, dtype=torch.double)
    gradients = torch.randn(20, members, 5, dtype=torch.double)
    found = [updated(kind, start, gradients, range(members))]
    found += [updated(kind, start, gradients, [k]) for k in range(members)]
    assert torch.equal(found[0], torch.cat(found[1:]))


def updated(
    kind: type[Optimizer], start: Tensor, gradients: Tensor, members: Sequence[int]
) -> Tensor:
    each = [kind([nn.Parameter(start[k])], lr=0.001 * (k + 1)) for k in members]
    for k, optimizer in zip(members, each, strict=True):
        if "betas" in optimizer.param_groups[0]:
            optimizer.param_groups[0]["betas"] = (0.9 - k / 100, 0.999 - k / 1000)
    weights, rule = start[list(members)], RULES[kind]
    values = values_of(each, weights.device)
    state = rule.state(weights, values)
    for gradient in gradients:
        rule.step(weights, gradient[list(members)], state, values)
    return weights
