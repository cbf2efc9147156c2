"""Learned scales of the inputs of a network."""

import torch
from torch import Tensor, nn


class InputScale(nn.Module):
    """Features [B, F] → [B, F]: each is multiplied by a learned number, at first 1.

    A step on these numbers changes all weights of a feature at once, so that a feature
    that says little fades sooner.

    Source: Holzmüller et al. 2024, https://arxiv.org/abs/2407.04491
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_features))

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs * self.weight
