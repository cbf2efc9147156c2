"""Dropout with few random numbers."""

import torch
from torch import Generator, Tensor, nn


class FastDropout(nn.Dropout):
    """Values [B, …] → [B, …]: dropout with eight masks per random number of 64 bits.

    On a CPU the random numbers take more time than the rest of ``nn.Dropout``, up to a
    quarter of a training step. The fraction ``p`` is rounded to a multiple of 2⁻⁸.
    """

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return values
        return values * self.factor(values)

    def factor(self, values: Tensor, generator: Generator | None = None) -> Tensor:
        """Draw the factor of each value: 0 or 1 / (1 − p), of the same shape."""
        dropped = round(self.p * 2**8)
        if dropped == 2**8:
            return torch.zeros_like(values)
        numbers = torch.randint(
            -(2**63),
            2**63 - 1,
            (-(-values.numel() // 8),),
            device=values.device,
            generator=generator,
        )
        bits = numbers.view(torch.int8)[: values.numel()].view(values.shape)
        # Numbers that are cut to 0 and 1: much quicker than a mask of booleans.
        kept = (bits.to(values.dtype) - (dropped - 2**7 - 1)).clamp(0, 1)
        return kept * (2**8 / (2**8 - dropped))
