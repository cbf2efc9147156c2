"""Activations that torch lacks."""

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
