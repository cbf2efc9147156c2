"""Checks of an optimizer's saved state, which torch does not make."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from litmlp.errors import UserError

STEP = torch.empty((), dtype=torch.float32)
"""The counter of fused steps, whatever the type of the weights."""


def check_state_sizes(optimizer: Optimizer) -> None:
    """Refuse a state that does not have the sizes of the weights.

    Torch's fused steps would write beyond the memory of such a state.

    Raises:
        UserError: a tensor of the state and its weights differ in size or type.
    """
    fused = [group for group in optimizer.param_groups if group.get("fused")]
    for weights in (weights for group in fused for weights in group["params"]):
        for name, value in optimizer.state.get(weights, {}).items():
            like = STEP if name == "step" else weights
            if isinstance(value, Tensor) and layout_of(value) != layout_of(like):
                raise UserError(
                    f"the checkpoint has {name} {list(value.shape)} for weights "
                    f"{list(weights.shape)}: it is not of this optimizer"
                )


def check_states(
    model: nn.Module,
    make: Callable[[Any], Optimizer],
    states: Sequence[Mapping[str, Any]],
) -> None:
    """Take one step with a copy of a model and saved states of its only optimizer.

    Args:
        model: stays as it is.
        make: makes the optimizer from parameters.
        states: one per optimizer.

    Raises:
        UserError: see :func:`check_state_sizes`.
        Exception: any other error of torch for a state that does not fit.
    """
    twin = copy.deepcopy(model)
    optimizer = make(twin.parameters())
    (state,) = states
    optimizer.load_state_dict(copy.deepcopy(dict(state)))
    check_state_sizes(optimizer)
    for weights in twin.parameters():
        weights.grad = torch.zeros_like(weights)
    optimizer.step(lambda: 0.0)


def layout_of(tensor: Tensor) -> tuple[Any, ...]:
    """The type of a tensor's numbers and their places in memory."""
    return tensor.dtype, tensor.shape, tensor.stride()
