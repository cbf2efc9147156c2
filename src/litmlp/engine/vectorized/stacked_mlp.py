"""An MLP's layers for all runs at once: one batched product per layer."""

import copy
from collections.abc import Iterator, Sequence
from functools import partial
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, vmap

from litmlp.activations import Sine
from litmlp.encoding import Encoding
from litmlp.engine.diagnosis.network_layers import smallest_modules
from litmlp.engine.vectorized.dropout_masks import Mask, draw, drop
from litmlp.engine.vectorized.grouped_run import GroupedRun
from litmlp.engine.vectorized.stack import Tensors, pad
from litmlp.input_scales import InputScale
from litmlp.mlp import MLP
from litmlp.supervised import Supervised

ELEMENTWISE = (
    *(nn.CELU, nn.ELU, nn.GELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish),
    *(nn.Hardtanh, nn.LeakyReLU, nn.LogSigmoid, nn.Mish, nn.ReLU, nn.SELU, nn.Sigmoid),
    *(nn.SiLU, nn.Softplus, nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink),
    Sine,
)
"""Activations of single numbers, without weights."""

BATCHNORM = ("running_mean", "running_var", "weight", "bias")


def is_plain_mlp(model: Supervised) -> bool:
    """Return whether ``StackedMLP`` knows every part of a model."""
    known = (nn.Linear, nn.BatchNorm1d, nn.PReLU, nn.Dropout, nn.AlphaDropout)
    return (
        type(model.network) is MLP
        and type(model.encoding) in (Encoding, nn.Identity)
        and all(
            type(leaf) in ELEMENTWISE
            or isinstance(leaf, (*known, InputScale, nn.Identity))
            for _, leaf in leaves(model)
        )
    )


def leaves(model: Supervised) -> Iterator[tuple[str, nn.Module]]:
    """Yield the modules of an MLP by name, in the order in which they are called."""
    names = {module: name for name, module in model.network.named_modules()}
    for module in smallest_modules(model.network):
        yield f"network.{names[module]}", module


class StackedMLP:
    """Maps features [K, B, F] to outputs [K, B, O]; in evaluation without masks.

    Between layers, values are [K, units, B], so that batchnorm finds the values of a
    unit in one row of memory.
    """

    def __init__(self, model: Supervised) -> None:
        self.encoding = copy.deepcopy(model.encoding)
        self.layers = [
            (name, copy.deepcopy(leaf))  # a run's own module would call its hooks
            for name, leaf in leaves(model)
            if not isinstance(leaf, nn.Identity)
        ]

    def masks(self, runs: Sequence[GroupedRun], rows: int) -> list[Mask]:
        """Draw the masks of the dropout layers for a batch, in their order."""
        found, width = [], 0
        for name, layer in self.layers:
            if isinstance(layer, nn.Linear):
                width = layer.out_features
            elif isinstance(layer, nn.Dropout | nn.AlphaDropout):
                own = [run.model.get_submodule(name) for run in runs]
                mask = draw(own, runs, (rows, width))
                found.append(tuple(part.mT for part in mask))
        return found

    def __call__(
        self, tensors: Tensors, features: Tensor, masks: Sequence[Mask] | None = None
    ) -> Tensor:
        encoded, training = self._encoded(tensors, features), masks is not None
        values, unused = encoded.transpose(1, 2), iter(masks or ())
        for name, layer in self.layers:
            inputs = values
            if isinstance(layer, nn.Linear):
                values = linear(name, tensors, inputs)
            elif isinstance(layer, nn.BatchNorm1d):
                values = batchnorm(name, layer, tensors, inputs, training)
            elif isinstance(layer, nn.PReLU):
                slope = tensors[f"{name}.weight"][:, :, None]
                values = inputs.clamp(min=0) + slope * inputs.clamp(max=0)
            elif isinstance(layer, InputScale):
                values = inputs * tensors[f"{name}.weight"][:, :, None]
            elif isinstance(layer, nn.Dropout | nn.AlphaDropout):
                values = drop(next(unused), inputs) if training else inputs
            else:
                values = elementwise(layer, inputs)
        return values.transpose(1, 2)

    def _encoded(self, tensors: Tensors, features: Tensor) -> Tensor:
        if not self.encoding.state_dict():
            if not getattr(self.encoding, "cardinalities", ()):
                return features  # to make one of two dimensions may copy them
            encoded: Tensor = self.encoding(features.flatten(0, 1))
            return encoded.view(*features.shape[:2], -1)
        prefix = "encoding."
        own = {n[len(prefix) :]: t for n, t in tensors.items() if n.startswith(prefix)}
        encode = partial(functional_call, self.encoding)
        return cast(Tensor, vmap(encode)(own, features))


def elementwise(layer: nn.Module, inputs: Tensor) -> Tensor:
    """Apply an activation to [K, …]: the bits of a run do not depend on the others."""
    flat = inputs.flatten(1)
    values: Tensor = layer(pad(flat))[:, : flat.shape[1]]
    return values.reshape(inputs.shape)


def linear(name: str, tensors: Tensors, inputs: Tensor) -> Tensor:
    """Compute weighted sums: [K, inputs, B] → [K, units, B]."""
    weight, bias = tensors[f"{name}.weight"], tensors.get(f"{name}.bias")
    if bias is None:
        return torch.bmm(weight, inputs)
    return torch.baddbmm(bias[:, :, None], weight, inputs)


def batchnorm(
    name: str, layer: nn.BatchNorm1d, tensors: Tensors, inputs: Tensor, training: bool
) -> Tensor:
    """Normalize each unit of each run: [K, units, B] → [K, units, B]."""
    own = [tensors.get(f"{name}.{key}") for key in BATCHNORM]
    mean, var, weight, bias = (None if t is None else t.flatten() for t in own)
    if training and (count := tensors.get(f"{name}.num_batches_tracked")) is not None:
        count += 1
    normed = F.batch_norm(
        inputs.reshape(1, -1, inputs.shape[2]),
        mean,
        var,
        weight,
        bias,
        training=training,
        momentum=layer.momentum or 0.0,
        eps=layer.eps,
    )
    return normed.view_as(inputs)
