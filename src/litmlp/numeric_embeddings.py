"""Embeddings of numeric features: each number becomes a learned vector."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litmlp.errors import UserError


class PiecewiseLinear(nn.Module):
    """Scaled numbers [B, F] → [B, F · (1 + size)]: each number and its vector.

    The vector is a learned function of the number, linear between knots. The knots are
    quantiles of the training rows, so that each piece has as many rows: a network that
    finds steps and bends as easily as a tree. Outside the outermost knots the vector
    stays as it is.

    Source: Gorishniy et al. 2022, https://arxiv.org/abs/2203.05556

    Args:
        numbers: the training rows [N, F] whose quantiles are the knots.
        num_bins: number of pieces per feature.
        size: length of a vector.

    Raises:
        UserError: a size below 1.
    """

    knots: Tensor

    def __init__(self, numbers: Tensor, *, num_bins: int = 32, size: int = 8) -> None:
        super().__init__()
        check_sizes(num_bins=num_bins, size=size)
        shape = num_bins + 1, numbers.shape[1]
        knots = np.empty(shape)
        fractions = np.linspace(0, 1, num_bins + 1)
        for i, column in enumerate(numbers.T):  # one at a time takes less memory
            knots[:, i] = np.quantile(column.double().numpy(), fractions)
        self.register_buffer("knots", torch.tensor(knots, dtype=numbers.dtype))
        # The vector at the first knot, then what each piece adds to it.
        bound = 1 / math.sqrt(num_bins)
        self.steps = nn.Parameter(torch.empty(*shape, size).uniform_(-bound, bound))

    def forward(self, numbers: Tensor) -> Tensor:
        place = self._place(numbers)
        low, high = self.knots.gather(0, place), self.knots.gather(0, place + 1)
        width = high - low
        inside = (numbers - low) / torch.where(width > 0, width, 1.0)
        part = torch.where(width > 0, inside.clamp(0, 1), numbers >= low)
        # At the left end of each piece, and what the piece adds: one look-up for both.
        ends = torch.cat([self.steps.cumsum(dim=0)[:-1], self.steps[1:]], dim=2)
        count = self.knots.shape[1]
        row = place * count + torch.arange(count, device=place.device)
        left, added = F.embedding(row, ends.flatten(0, 1)).chunk(2, dim=2)
        vectors = left + part[:, :, None] * added
        return torch.cat([numbers, vectors.flatten(1)], dim=1)

    def _place(self, numbers: Tensor) -> Tensor:
        """Return the index of each number's piece: [B, F] → [B, F]."""
        # A binary search by hand: ONNX and torch's vmap have none.
        place = torch.zeros_like(numbers, dtype=torch.long)
        last = len(self.knots) - 2
        for stride in (2**i for i in reversed(range(last.bit_length()))):
            further = (place + stride).clamp(max=last)
            is_there = numbers >= self.knots.gather(0, further)
            place = torch.where(is_there, further, place)
        return place


class Periodic(nn.Module):
    """Scaled numbers [B, F] → [B, F · (1 + size)]: each number and its vector.

    The vector is a linear map of cosines with learned frequencies and phases, a map of
    its own per feature: for functions that change often over the range of a feature.

    Source: Holzmüller et al. 2024 (PBLD), https://arxiv.org/abs/2407.04491

    Args:
        numbers: any rows [N, F]; only their width counts.
        num_frequencies: cosines per feature.
        deviation: standard deviation of the initial frequencies, in periods per unit
            of the scaled number.
        size: length of a vector.

    Raises:
        UserError: a size below 1, or a deviation that is not positive.
    """

    def __init__(
        self,
        numbers: Tensor,
        *,
        num_frequencies: int = 16,
        deviation: float = 0.1,
        size: int = 3,
    ) -> None:
        super().__init__()
        check_sizes(num_frequencies=num_frequencies, size=size)
        if deviation <= 0:
            raise UserError(f"deviation={deviation}: must be positive")
        shape = numbers.shape[1], num_frequencies
        bound = 1 / math.sqrt(num_frequencies)
        self.frequencies = nn.Parameter(torch.randn(shape) * deviation)
        self.phases = nn.Parameter(torch.empty(shape).uniform_(-math.pi, math.pi))
        self.weight = nn.Parameter(torch.empty(*shape, size).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(shape[0], size))

    def forward(self, numbers: Tensor) -> Tensor:
        angles = 2 * math.pi * numbers[:, :, None] * self.frequencies + self.phases
        waves = torch.einsum("bfk,fks->bfs", angles.cos(), self.weight) + self.bias
        return torch.cat([numbers, waves.flatten(1)], dim=1)


def check_sizes(**sizes: int) -> None:
    """Check that sizes are 1 or more."""
    for name, size in sizes.items():
        if size < 1:
            raise UserError(f"{name}={size}: must be 1 or more")
