"""Transformations of features, fitted on the training rows and kept in the model."""

import torch
from torch import Tensor, nn


class Standardize(nn.Module):
    """(x − mean) / standard deviation, a column each: [B, F] → [B, F].

    A constant column has no spread to divide by and becomes zero.

    Args:
        inputs: the rows [N, F] to measure mean and (population) deviation on.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, inputs: Tensor) -> None:
        super().__init__()
        std, mean = torch.std_mean(inputs, dim=0, correction=0)
        self.register_buffer("mean", mean)
        self.register_buffer("std", torch.where(std > 0, std, 1.0))

    def forward(self, inputs: Tensor) -> Tensor:
        return (inputs - self.mean) / self.std
