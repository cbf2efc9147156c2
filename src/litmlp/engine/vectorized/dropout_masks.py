"""The dropout of all members at once, each with the random numbers it has alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Generator, Tensor, nn

from litmlp.engine.vectorized.member import Member

ALPHA = 1.7580993408473766
"""Where SELU levels off, below zero: https://arxiv.org/abs/1706.02515."""


@dataclass(frozen=True)
class Mask:
    """What a dropout does to values [K, …] in an iteration."""

    factor: Tensor
    offset: Tensor | None = None

    @property
    def parts(self) -> tuple[Tensor, ...]:
        """What it is made of."""
        return (self.factor,) if self.offset is None else (self.factor, self.offset)

    @property
    def mT(self) -> "Mask":  # noqa: N802  # as torch calls it
        """For values whose last two dimensions are the other way round."""
        return Mask(*(part.mT for part in self.parts))

    def __call__(self, values: Tensor) -> Tensor:
        dropped = values * self.factor
        return dropped if self.offset is None else dropped + self.offset


def draw(
    layers: Sequence[nn.Module], members: Sequence[Member], shape: tuple[int, ...]
) -> Mask:
    """The mask of a layer, from random numbers as torch draws them for one network.

    Args:
        layers: one a member.
        members: each has a generator.
        shape: rows of a batch, and what each of them consists of.
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
    parts = [part.to(device) for part in (factor, offset) if part is not None]
    return Mask(*parts)


def keep(mask: Tensor, p: float, generator: Generator) -> None:
    """Fill a mask with 0, a share p of it, and 1."""
    if p < 1:
        mask.bernoulli_(1 - p, generator=generator)
    else:
        mask.zero_()
