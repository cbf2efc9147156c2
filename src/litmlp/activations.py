"""Activations that torch lacks."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from litmlp.errors import UserError


class Sine(nn.Module):
    """sin(frequency · x), elementwise, for periodic targets.

    Source: Sitzmann et al. 2020, https://arxiv.org/abs/2006.09661
    """

    def __init__(self, *, frequency: float = 1.0) -> None:
        super().__init__()
        if frequency <= 0:
            raise UserError(f"frequency must be positive, got {frequency}")
        self.frequency = frequency

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.sin(self.frequency * inputs)


class Blend(nn.Module):
    """x + (inner(x) − x) · alpha with a learned alpha, which starts at 1.

    Source: Holzmüller et al. 2024, https://arxiv.org/abs/2407.04491

    Args:
        inner: makes the activation that is blended with the identity.

    Attributes:
        alpha: one number; in an MLP, one per unit of the layer.
    """

    def __init__(self, *, inner: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.inner = inner()
        self.alpha = nn.Parameter(torch.ones(1))

    def forward(self, inputs: Tensor) -> Tensor:
        # Half precision ends at no parameter, and lerp takes one type.
        inner, alpha = (t.to(inputs.dtype) for t in (self.inner(inputs), self.alpha))
        return torch.lerp(inputs, inner, alpha)
