"""A network seen as layers, in the order in which its modules are called."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

DROPOUTS = (
    *(nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d),
    *(nn.AlphaDropout, nn.FeatureAlphaDropout),
)
BETWEEN = (
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm),
    *(nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d),
    *(nn.LayerNorm, *DROPOUTS, nn.Flatten, nn.Identity),
)
"""Modules that may stand between a layer's weights and its activation."""


@dataclass
class ModuleCall:
    """A call of a module without children: inputs [B, …] and outputs [B, …]."""

    module: nn.Module
    inputs: Tensor
    outputs: Tensor


@dataclass
class Layer:
    """A module with a matrix of weights and the activation after it, in one step.

    ``inputs`` enter the activation, in this step and perhaps in later ones, and
    ``outputs`` leave it, [B, units] each; without one, both are the weighted sums.
    """

    name: str  # layer_1, layer_2, …; the last layer is output
    parameter: nn.Parameter  # [units, inputs]
    activation: nn.Module | None
    inputs: list[Tensor]
    outputs: Tensor
    weight: Tensor = field(default_factory=lambda: torch.empty(0))  # before the step
    gradient: Tensor | None = None  # before clipping; None of weights that are fixed
    update: Tensor = field(default_factory=lambda: torch.empty(0))  # by the step


def leaves(network: nn.Module) -> list[nn.Module]:
    """Return the modules without children that a layer can consist of.

    An embedding of categories is none: it looks rows up, and sums nothing.
    """
    others = (nn.Embedding, *BETWEEN)
    return [m for m in smallest_modules(network) if not isinstance(m, others)]


def smallest_modules(model: nn.Module) -> list[nn.Module]:
    """Return the modules without children."""
    return [module for module in model.modules() if not any(module.children())]


def layers_of(calls: Sequence[ModuleCall]) -> list[Layer]:
    """Return the layers of a forward pass; a module called again is no new layer."""
    layers: dict[nn.Module, Layer] = {}
    current: Layer | None = None
    for call in calls:
        inputs, outputs = call.inputs.flatten(1), call.outputs.flatten(1)
        weight = getattr(call.module, "weight", None)
        if isinstance(weight, nn.Parameter) and weight.ndim > 1:
            name = f"layer_{len(layers) + 1}"
            fresh = Layer(name, weight, None, [outputs], outputs)
            current = None if call.module in layers else fresh
            layers.setdefault(call.module, fresh)
        elif current:
            current.activation = call.module
            current.inputs, current.outputs = [inputs], outputs
            current = None
    found = list(layers.values())
    if found:
        found[-1].name = "output"
    return found


@contextmanager
def record_calls(
    network: nn.Module, modules: Iterable[nn.Module]
) -> Iterator[list[ModuleCall]]:
    """Record the calls of some modules of a network, in evaluation mode."""
    calls: list[ModuleCall] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...], outputs: Tensor) -> None:
        calls.append(ModuleCall(module, inputs[0], outputs))

    hooks = [module.register_forward_hook(note) for module in modules]
    training = network.training
    network.eval()
    try:
        yield calls
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def layer_outputs(network: nn.Module, features: Tensor) -> dict[str, Tensor]:
    """Map rows [B, F] to the outputs [B, units] of each layer, by its name."""
    with record_calls(network, leaves(network)) as calls:
        network(features)
    return {layer.name: layer.outputs for layer in layers_of(calls)}
