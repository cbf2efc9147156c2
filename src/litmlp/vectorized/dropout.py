"""The dropout of all members at once, each with the random numbers it has alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Generator, Tensor, nn

from litmlp.vectorized.member import Member

ALPHA = 1.7580993408473766
"""Where SELU levels off, below zero: https://arxiv.org/abs/1706.02515."""


@dataclass(frozen=True)
class Mask:
    """What a dropout does to values [K, units, B] in an iteration."""

    factor: Tensor
    offset: Tensor | None

    def __call__(self, values: Tensor) -> Tensor:
        dropped = values * self.factor
        return dropped if self.offset is None else dropped + self.offset


def draw(
    layers: Sequence[nn.Module], members: Sequence[Member], shape: tuple[int, int]
) -> Mask:
    """The mask of a layer, from random numbers as torch draws them for one network.

    Args:
        layers: one a member.
        members: each has a generator.
        shape: rows of a batch and units.
    """
    alpha = isinstance(layers[0], nn.AlphaDropout)
    factor = torch.ones(len(layers), *shape)
    offset = torch.zeros(len(layers), *shape) if alpha else None
    for k, (layer, member) in enumerate(zip(layers, members, strict=True)):
        p = cast(nn.Dropout, layer).p
        if p > 0:
            keep(factor[k], p, member.generator)
        if offset is not None and 0 < p < 1:
            scale = 1 / math.sqrt((ALPHA**2 * p + 1) * (1 - p))
            offset[k] = (factor[k] - 1) * (ALPHA * scale) + ALPHA * scale * p
            factor[k] *= scale
        elif 0 < p < 1:
            factor[k] /= 1 - p
    device = members[0].model.device
    masks = [None if m is None else m.mT.to(device) for m in (factor, offset)]
    return Mask(cast(Tensor, masks[0]), masks[1])


def keep(mask: Tensor, p: float, generator: Generator) -> None:
    """Fill a mask with 0, a share p of it, and 1."""
    if p < 1:
        mask.bernoulli_(1 - p, generator=generator)
    else:
        mask.zero_()
