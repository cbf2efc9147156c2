"""Losses of real values whose outputs describe a distribution of each target."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litmlp.errors import UserError

SMALLEST_LOG_VARIANCE = -13.8
"""A network that fits its rows exactly would otherwise divide by zero."""


class Distribution(nn.Module):
    """Loss of outputs [batch, targets · num_parameters] and targets [batch, targets].

    A regressor predicts the first of :meth:`values`; a table of predictions also has a
    column per bound.

    Attributes:
        num_parameters: outputs of the network per target.
        bounds: probabilities that a target lies below each of the other values.
        counts: whether targets are 0 or more, and are divided by their mean alone.
    """

    takes = "values"
    num_parameters = 1
    bounds: Sequence[float] = ()
    counts = False

    def values(self, outputs: Tensor) -> Tensor:
        """Return the prediction and its bounds [batch, targets, 1 + bounds]."""
        raise NotImplementedError

    def parameters_of(self, outputs: Tensor) -> Tensor:
        """Return outputs as [batch, targets, num_parameters]."""
        return torch.unflatten(outputs, -1, (-1, self.num_parameters))


class Poisson(Distribution):
    """Negative log likelihood of counts; the output is the logarithm of their rate.

    Rates are fractions of the mean count, so that the first prediction is the mean.
    """

    counts = True

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.poisson_nll_loss(outputs, targets)

    def values(self, outputs: Tensor) -> Tensor:
        return self.parameters_of(outputs).exp()


class GaussianNLL(Distribution):
    """Negative log likelihood of a normal distribution, whose spread may vary by row.

    The outputs are its mean and the logarithm of its variance (Nix and Weigend 1994,
    https://doi.org/10.1109/ICNN.1994.374138).

    Args:
        bounds: probabilities that a target lies below each bound.
    """

    num_parameters = 2

    def __init__(self, *, bounds: Sequence[float] = (0.05, 0.95)) -> None:
        super().__init__()
        check_probabilities("bounds", bounds)
        self.bounds = list(bounds)

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        mean, log_variance = self._mean_and_log_variance(outputs)
        squares = (targets - mean).square() / log_variance.exp()
        return 0.5 * (log_variance + squares).mean()

    def values(self, outputs: Tensor) -> Tensor:
        mean, log_variance = self._mean_and_log_variance(outputs)
        std = (log_variance / 2).exp()
        distances = [0.0, *map(NormalDist().inv_cdf, self.bounds)]
        return torch.stack([mean + z * std for z in distances], dim=-1)

    def _mean_and_log_variance(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.parameters_of(outputs).unbind(-1)
        return mean, log_variance.clamp_min(SMALLEST_LOG_VARIANCE)


class Pinball(Distribution):
    """Mean pinball loss of several quantiles, which never cross.

    The outputs are the middle quantile and the gaps from it outwards, each made
    positive by softplus. Source: Koenker and Bassett 1978,
    https://doi.org/10.2307/1913643

    Args:
        quantiles: an odd number of probabilities; the middle one is the prediction.
    """

    probabilities: Tensor

    def __init__(self, *, quantiles: Sequence[float] = (0.05, 0.5, 0.95)) -> None:
        super().__init__()
        check_probabilities("quantiles", quantiles)
        if len(quantiles) % 2 == 0:
            raise UserError(
                f"quantiles={list(quantiles)}: give an odd number of them: the middle "
                "one is the prediction"
            )
        self.num_parameters, self.num_lower = len(quantiles), len(quantiles) // 2
        self.bounds = [q for i, q in enumerate(quantiles) if i != self.num_lower]
        ordered = torch.tensor([quantiles[self.num_lower], *self.bounds])
        self.register_buffer("probabilities", ordered, persistent=False)

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        errors = targets.unsqueeze(-1) - self.values(outputs)
        below = self.probabilities
        return torch.maximum(below * errors, (below - 1) * errors).mean()

    def values(self, outputs: Tensor) -> Tensor:
        parameters = self.parameters_of(outputs)
        middle, gaps = parameters[..., :1], F.softplus(parameters[..., 1:])
        lower = middle - gaps[..., : self.num_lower].cumsum(-1)
        upper = middle + gaps[..., self.num_lower :].cumsum(-1)
        return torch.cat([middle, lower.flip(-1), upper], dim=-1)


def check_probabilities(name: str, values: Sequence[float]) -> None:
    """Raise a UserError unless values rise, and lie between 0 and 1."""
    ends = [0.0, *values, 1.0]
    if not values or any(a >= b for a, b in pairwise(ends)):
        raise UserError(
            f"{name}={list(values)}: give rising numbers between 0 and 1, [0.05,0.95]"
        )
