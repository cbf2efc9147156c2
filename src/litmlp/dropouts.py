"""Dropout with few random numbers."""

import torch
from torch import Generator, Tensor, nn


class FastDropout(nn.Dropout):
    """Values [B, …] → [B, …]: dropout with four masks per random number of 64 bits.

    On a CPU the random numbers take more time than the rest of ``nn.Dropout``, up to a
    quarter of a training step. The fraction ``p`` is rounded to a multiple of 2⁻¹⁶.
    """

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return values
        return values * self.factor(values)

    def factor(self, values: Tensor, generator: Generator | None = None) -> Tensor:
        """Draw the factor of each value: 0 or 1 / (1 − p), of the same shape."""
        count = -(-values.numel() // 4)
        least, most = -(2**63), 2**63 - 1
        numbers = torch.randint(
            least, most, (count,), device=values.device, generator=generator
        )
        bits = numbers.view(torch.int16)[: values.numel()].view(values.shape)
        least_kept = min(round(self.p * 2**16), 2**16 - 1) - 2**15  # of 16 bits too
        kept = (bits >= least_kept).to(values.dtype)
        return kept / (1 - self.p) if self.p < 1 else torch.zeros_like(values)
