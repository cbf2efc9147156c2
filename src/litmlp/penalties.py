"""Penalties on the weights, added to the loss; biases have none."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from litmlp.errors import UserError


class Penalty(Protocol):
    """Weights, one tensor of any shape per layer → a number or tensor [] to add."""

    def __call__(self, weights: Sequence[Tensor]) -> Tensor | float: ...


class NoPenalty:
    """No penalty: 0."""

    def __call__(self, weights: Sequence[Tensor]) -> float:
        return 0.0


class ElasticNet:
    """strength · (l1_ratio · Σ|w| + (1 − l1_ratio) · ½Σw²).

    Source: Zou and Hastie 2005, https://doi.org/10.1111/j.1467-9868.2005.00503.x
    """

    def __init__(self, *, strength: float, l1_ratio: float) -> None:
        if not strength >= 0:  # a NaN, too
            raise UserError(f"strength must be 0 or more, got {strength}")
        if not 0 <= l1_ratio <= 1:
            raise UserError(f"l1_ratio must lie between 0 and 1, got {l1_ratio}")
        self.strength = strength
        self.l1_ratio = l1_ratio

    def __call__(self, weights: Sequence[Tensor]) -> Tensor:
        flat = torch.cat([weight.flatten() for weight in weights])
        absolute, squared = flat.abs().sum(), flat.square().sum()
        mixed = self.l1_ratio * absolute + (1 - self.l1_ratio) * 0.5 * squared
        return self.strength * mixed


class L1(ElasticNet):
    """strength · Σ|w|: drives weights towards zero, unimportant ones first."""

    def __init__(self, *, strength: float) -> None:
        super().__init__(strength=strength, l1_ratio=1.0)


class L2(ElasticNet):
    """strength · ½Σw²: with plain SGD, weight decay of the same strength."""

    def __init__(self, *, strength: float) -> None:
        super().__init__(strength=strength, l1_ratio=0.0)
