"""Scales of numbers [B, F] → [B, F], fitted on training rows; NaN stays NaN."""

import numpy as np
import torch
from torch import Tensor, nn

from litmlp.errors import UserError

BLOCK = 2**22
"""Numbers that are measured at a time: a larger matrix is taken by column blocks."""


class Standardize(nn.Module):
    """(x − mean) / standard deviation of each column.

    A constant column has no spread to divide by and becomes zero.

    Args:
        inputs: the rows [N, F] to measure the mean and (population) deviation on.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, inputs: Tensor) -> None:
        super().__init__()
        columns = max(1, BLOCK // max(1, len(inputs)))
        blocks = torch.split(inputs, columns, dim=1)
        mean, std = map(torch.cat, zip(*map(mean_and_std, blocks), strict=True))
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, inputs: Tensor) -> Tensor:
        return (inputs - self.mean) / self.std


def mean_and_std(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [F] and deviation [F] of rows [N, F]; 1 is the deviation of a constant."""
    low = inputs.nan_to_num(nan=torch.inf).amin(dim=0)
    varies = inputs.nan_to_num(nan=-torch.inf).amax(dim=0) > low
    mean = torch.where(varies, inputs.nanmean(dim=0), low.nan_to_num(posinf=0.0))
    std = (inputs - mean).square().nanmean(dim=0).sqrt()
    return mean, torch.where(varies, std, 1.0)


class RobustScale(nn.Module):
    """(x − median) / interquartile range, then clipped smoothly at ±limit.

    For long tails and outliers: x / √(1 + (x/limit)²) is x near zero and never leaves
    ±limit. Source: Holzmüller et al. 2024, https://arxiv.org/abs/2407.04491

    Args:
        inputs: the rows [N, F] to measure the quartiles on.
        limit: the bound of the scaled values, in interquartile ranges.
    """

    median: Tensor
    range: Tensor

    def __init__(self, inputs: Tensor, *, limit: float = 3.0) -> None:
        super().__init__()
        if limit <= 0:
            raise UserError(f"limit={limit}: must be positive")
        fractions = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0])
        lowest, low, median, high, highest = quantiles(inputs, fractions)
        # A column whose middle half is one value still has a range to scale by.
        width = torch.where(high > low, high - low, (highest - lowest) / 2)
        self.limit = limit
        self.register_buffer("median", median)
        self.register_buffer("range", divisor(width))

    def forward(self, inputs: Tensor) -> Tensor:
        scaled = (inputs - self.median) / self.range
        return scaled / (1 + (scaled / self.limit).square()).sqrt()


class QuantileNormal(nn.Module):
    """Ranks among the training rows, mapped to a normal distribution.

    Any distribution becomes N(0, 1), so an outlier is only the largest of many values;
    values between two quantiles are interpolated, values outside become the outermost.

    Args:
        inputs: the rows [N, F] to measure the quantiles on.
        num_quantiles: number of quantiles to keep, evenly spaced.
    """

    quantiles: Tensor

    def __init__(self, inputs: Tensor, *, num_quantiles: int = 1000) -> None:
        super().__init__()
        if num_quantiles < 2:
            raise UserError(f"num_quantiles={num_quantiles}: must be 2 or more")
        fractions = torch.linspace(0, 1, num_quantiles)
        self.register_buffer("quantiles", quantiles(inputs, fractions).T.contiguous())

    def forward(self, inputs: Tensor) -> Tensor:
        values = inputs.T.contiguous()
        last = self.quantiles.shape[1] - 1
        # A value that fills several quantiles gets the middle of their ranks.
        below = torch.searchsorted(self.quantiles, values).clamp(1, last)
        above = torch.searchsorted(self.quantiles, values, right=True).clamp(1, last)
        ranks = (self._rank(values, below) + self._rank(values, above)) / 2 / last
        edge = ranks.new_tensor(1 / (2 * (last + 1)))
        normal = torch.special.ndtri(ranks.clamp(edge, 1 - edge))
        return torch.where(values.isnan(), values, normal).T

    def _rank(self, values: Tensor, right: Tensor) -> Tensor:
        """Interpolate [F, B] between the quantile at ``right`` and the one before."""
        low = self.quantiles.gather(1, right - 1)
        high = self.quantiles.gather(1, right)
        between = ((values - low) / divisor(high - low)).clamp(0, 1)
        return right - 1 + between


class Logit(nn.Module):
    """log(p / (1 − p)) of probabilities or fractions, the inverse of a sigmoid.

    Args:
        inputs: the rows [N, F] to check.
        eps: 0 and 1 are taken as eps and 1 − eps, since their logits are infinite.

    Raises:
        UserError: a number outside [0, 1].
    """

    def __init__(self, inputs: Tensor, *, eps: float = 1e-6) -> None:
        super().__init__()
        outside = inputs[(inputs < 0) | (inputs > 1)]
        if len(outside):
            raise UserError(f"takes numbers from 0 to 1, got {float(outside[0]):g}")
        self.eps = eps

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.logit(inputs, eps=self.eps)


def divisor(width: Tensor) -> Tensor:
    """The width, or 1 where the width is 0."""
    return torch.where(width > 0, width, 1.0)


def quantiles(inputs: Tensor, fractions: Tensor) -> Tensor:
    """Quantiles [len(fractions), F] of rows [N, F], without the missing values."""
    # numpy's function takes any number of rows, torch's 16 million at most.
    found = []
    for column in inputs.T:  # one at a time takes less memory
        known = column[~column.isnan()].double().numpy()
        none = np.zeros(len(fractions))
        found.append(np.quantile(known, fractions) if len(known) else none)
    if not found:  # a table of categories alone
        return inputs.new_empty(len(fractions), 0)
    return torch.from_numpy(np.stack(found, axis=1)).to(inputs.dtype)
