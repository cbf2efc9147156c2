"""Saturated outputs and dead units: an activation is flat and passes no gradient."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

FLAT = 0.01
"""Slopes below this fraction of the steepest count as flat: sigmoid's beyond ±6."""


def unit_health(activation: nn.Module, batches: Sequence[Tensor]) -> dict[str, Tensor]:
    """Return the fraction of values or units without gradient, as tensors [].

    ``saturated_share`` is the fraction of the first batch's values, if the activation
    is flat on both sides and steep between (sigmoid, tanh). ``dead_share`` is the
    fraction of units that are flat in every row of all batches [B, units], if the
    activation is flat on one side of zero (ReLU). Leaky ReLU has neither.
    """
    inputs = torch.cat(list(batches))
    far = torch.tensor([50.0, 100.0, 200.0, 1000.0])
    probes = [-far, far, torch.tensor([-0.5]), torch.linspace(-10, 10, 201)]
    columns = torch.cat(probes)[:, None].expand(-1, inputs.shape[1]).to(inputs)
    slopes = slope(activation, torch.cat([columns, inputs])).abs()
    *along, own = torch.split(slopes, [*map(len, probes), len(inputs)])
    limit = FLAT * along[-1].max()
    below, above, left_of_zero = (bool((part < limit).all()) for part in along[:-1])
    flat = own < limit
    if below and above and not left_of_zero:
        return {"saturated_share": flat[: len(batches[0])].to(inputs.dtype).mean()}
    if below or above:
        return {"dead_share": flat.all(dim=0).to(inputs.dtype).mean()}
    return {}


def slope(activation: nn.Module, inputs: Tensor) -> Tensor:
    """Return the derivative of an elementwise activation at inputs [B, units]."""
    training = activation.training
    activation.eval()  # a random activation draws nothing then
    with torch.enable_grad():
        points = inputs.detach().clone().requires_grad_()
        outputs = activation.forward(points * 1)  # without hooks, such as a profiler's
        (slopes,) = torch.autograd.grad(outputs.sum(), points)
    activation.train(training)
    return slopes
