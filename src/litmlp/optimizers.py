"""Optimizers by kind of parameter, and checks of their saved state."""

import copy
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, cast, get_args

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim import Optimizer

from litmlp.errors import UserError
from litmlp.input_scales import InputScale
from litmlp.numeric_embeddings import Periodic, PiecewiseLinear

Kind = Literal["bias", "norm", "embedding", "input_scale", "output"]
Name = Literal["lr", "weight_decay"]
FACTORS: tuple[Name, ...] = get_args(Name)

NORMS = (nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
EMBEDDINGS = (nn.Embedding, PiecewiseLinear, Periodic)

Factor = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Factors = Mapping[Kind, Mapping[Name, Factor]]
"""Factors of ``lr`` and ``weight_decay`` by kind of parameter, 1 where none is given.

A parameter may have several kinds; their factors are multiplied.

| kind | parameters |
|---|---|
| ``bias`` | named so, of any module |
| ``norm`` | of a module with running statistics, or of a norm of torch without them |
| ``embedding`` | of ``nn.Embedding``, and of the embeddings of numeric features |
| ``input_scale`` | of :class:`~litmlp.input_scales.InputScale` |
| ``output`` | of the network's last linear layer |
"""

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


def check_states(optimizer: Optimizer, states: Sequence[Mapping[str, Any]]) -> None:
    """Load the saved states of a model's only optimizer into a new one.

    Raises:
        UserError: see :func:`check_state_sizes`.
        Exception: any other error of torch for a state that does not fit.
    """
    (state,) = states
    optimizer.load_state_dict(copy.deepcopy(dict(state)))
    check_state_sizes(optimizer)


def layout_of(tensor: Tensor) -> tuple[Any, ...]:
    """The type of a tensor's numbers and their places in memory."""
    return tensor.dtype, tensor.shape, tensor.stride()


def make_optimizer(
    factory: Callable[[Any], Optimizer], model: nn.Module, factors: Factors
) -> Optimizer:
    """Make an optimizer of a model, with a group of parameters per pair of factors.

    Args:
        factory: makes it from parameters, or from groups of them.
        model: its ``network``, or each network of an ensemble, has an output layer.
        factors: without any, all parameters are one group.

    Raises:
        UserError: the optimizer lacks what a factor changes.
    """
    groups: dict[tuple[float, ...], list[nn.Parameter]] = defaultdict(list)
    own = (1.0,) * len(FACTORS)
    groups[own] = []  # the first group has the optimizer's own values
    for parameter, kinds in kinds_of(model).items():
        chosen = [factors[kind] for kind in kinds & factors.keys()]
        product = [math.prod(float(f.get(name, 1)) for f in chosen) for name in FACTORS]
        groups[tuple(product)].append(parameter)
    filled = {pair: parameters for pair, parameters in groups.items() if parameters}
    if filled.keys() <= {own}:
        return factory(model.parameters())
    optimizer = factory([{"params": parameters} for parameters in filled.values()])
    for group, pair in zip(optimizer.param_groups, filled, strict=True):
        for name, factor in zip(FACTORS, pair, strict=True):
            if factor != 1 and name not in group:
                kind = type(optimizer).__name__
                raise UserError(f"optimizer.groups: {kind} has no {name}")
            if factor != 1:
                group[name] *= factor
    return optimizer


def kinds_of(model: nn.Module) -> dict[nn.Parameter, set[Kind]]:
    """Return the kinds of each parameter, see :data:`Factors`."""
    # Each network of an ensemble has an output layer.
    networks = [m.network for m in model.modules() if hasattr(m, "network")] or [model]
    outputs = [last_linear(cast(nn.Module, network)) for network in networks]
    found: dict[nn.Parameter, set[Kind]] = {}
    for module in model.modules():
        is_kind: dict[Kind, bool] = {
            "norm": isinstance(module, NORMS) or hasattr(module, "running_mean"),
            "embedding": isinstance(module, EMBEDDINGS),
            "input_scale": isinstance(module, InputScale),
            "output": module in outputs,
        }
        kinds = {kind for kind, fits in is_kind.items() if fits}
        for name, parameter in module.named_parameters(recurse=False):
            found.setdefault(parameter, kinds | ({"bias"} if name == "bias" else set()))
    return found


def last_linear(network: nn.Module) -> nn.Linear | None:
    """Return the last linear layer of a network, if it has one."""
    linears = [module for module in network.modules() if isinstance(module, nn.Linear)]
    return linears[-1] if linears else None
