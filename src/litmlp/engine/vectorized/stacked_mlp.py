"""An MLP's layers for all members at once: a batched product a layer."""

import copy
from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litmlp import activations
from litmlp.encoding import Encoding
from litmlp.engine.vectorized.dropout_masks import Mask, draw
from litmlp.engine.vectorized.member import Member
from litmlp.engine.vectorized.padding import filled_up
from litmlp.engine.vectorized.stack import Tensors
from litmlp.mlp import MLP
from litmlp.supervised import Supervised

ELEMENTWISE = (
    nn.CELU,
    nn.ELU,
    nn.GELU,
    nn.Hardshrink,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.Hardtanh,
    nn.LeakyReLU,
    nn.LogSigmoid,
    nn.Mish,
    nn.ReLU,
    nn.SELU,
    nn.Sigmoid,
    nn.SiLU,
    nn.Softplus,
    nn.Softshrink,
    nn.Softsign,
    nn.Tanh,
    nn.Tanhshrink,
    activations.Sine,
)
"""Activations of single numbers, without weights: they do not ask whose they are."""

BATCHNORM = ("running_mean", "running_var", "weight", "bias")

Look = Callable[[str, Tensor, Tensor], None]
"""Is told of each module: its name, its inputs and outputs [K, B, …]."""


def is_chain(model: Supervised) -> bool:
    """Whether the fast path knows every part of a model."""
    known = (nn.Linear, nn.BatchNorm1d, nn.PReLU, nn.Dropout, nn.AlphaDropout)
    return (
        type(model.network) is MLP
        and type(model.encoding) in (Encoding, nn.Identity)
        and not any(True for _ in model.encoding.parameters())
        and all(
            type(leaf) in ELEMENTWISE or isinstance(leaf, (*known, nn.Identity))
            for _, leaf in leaves(model)
        )
    )


def leaves(model: Supervised) -> Iterator[tuple[str, nn.Module]]:
    """The modules of an MLP in the order in which they are called, by name."""
    for name, module in model.network.named_modules():
        if not any(module.children()):
            yield f"network.{name}", module


class Chain:
    """Features [K, B, F] → outputs [K, B, O] of the members of a stack.

    Within, values are [K, units, B]: so a batchnorm finds a unit's values in a row.

    Args:
        model: any member.
    """

    def __init__(self, model: Supervised) -> None:
        self.encoding = copy.deepcopy(model.encoding)  # it has no weights
        self.layers = [
            (name, copy.deepcopy(leaf))  # its own: a member's would call its hooks
            for name, leaf in leaves(model)
            if not isinstance(leaf, nn.Identity)
        ]

    def masks(self, members: Sequence[Member], rows: int) -> list[Mask]:
        """The masks of the dropout layers, in their order, for a batch of rows."""
        found, width = [], 0
        for name, layer in self.layers:
            if isinstance(layer, nn.Linear):
                width = layer.out_features
            elif isinstance(layer, nn.Dropout | nn.AlphaDropout):
                own = [member.model.get_submodule(name) for member in members]
                found.append(draw(own, members, (rows, width)).mT)
        return found

    def __call__(
        self,
        tensors: Tensors,
        features: Tensor,
        masks: Sequence[Mask],
        *,
        training: bool,
        look: Look | None = None,
    ) -> Tensor:
        encoded = self._encoded(features)
        values, unused = encoded.transpose(1, 2), iter(masks)
        for name, layer in self.layers:
            inputs = values
            if isinstance(layer, nn.Linear):
                values = linear(name, tensors, inputs)
            elif isinstance(layer, nn.BatchNorm1d):
                values = batchnorm(name, layer, tensors, inputs, training)
            elif isinstance(layer, nn.PReLU):
                slope = tensors[f"{name}.weight"][:, :, None]
                values = inputs.clamp(min=0) + slope * inputs.clamp(max=0)
            elif isinstance(layer, nn.Dropout | nn.AlphaDropout):
                values = next(unused)(inputs) if training else inputs
            else:
                values = elementwise(layer, inputs)
            if look:
                look(name, inputs.transpose(1, 2), values.transpose(1, 2))
        return values.transpose(1, 2)

    def _encoded(self, features: Tensor) -> Tensor:
        if not getattr(self.encoding, "cardinalities", ()):
            return features  # to make one of two dimensions may copy them
        encoded: Tensor = self.encoding(features.flatten(0, 1))
        return encoded.view(*features.shape[:2], -1)


def elementwise(layer: nn.Module, inputs: Tensor) -> Tensor:
    """An activation of numbers, whose bits do not depend on who else is there."""
    flat = inputs.flatten(1)
    full = filled_up(flat)
    values: Tensor = layer(full)
    if full is not flat:
        values = values[:, : flat.shape[1]]
    return values.reshape(inputs.shape)


def linear(name: str, tensors: Tensors, inputs: Tensor) -> Tensor:
    """Weighted sums: [K, inputs, B] → [K, units, B]."""
    weight, bias = tensors[f"{name}.weight"], tensors.get(f"{name}.bias")
    if bias is None:
        return torch.bmm(weight, inputs)
    return torch.baddbmm(bias[:, :, None], weight, inputs)


def batchnorm(
    name: str, layer: nn.BatchNorm1d, tensors: Tensors, inputs: Tensor, training: bool
) -> Tensor:
    """Each member's units as channels of their own: [K, units, B] → [K, units, B]."""
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
