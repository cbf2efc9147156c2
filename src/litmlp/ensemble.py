"""Several networks that are trained side by side and predict together."""

import math
from collections.abc import Callable, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from scipy.optimize import minimize_scalar
from torch import Tensor, nn

from litmlp.errors import UserError


class Member(nn.Module):
    """One network of an ensemble, with an encoding of its own: [B, F] → [B, O]."""

    def __init__(self, *, encoding: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.encoding = encoding
        self.network = network

    def forward(self, features: Tensor) -> Tensor:
        outputs = self.network(self.encoding(features))
        return cast(Tensor, outputs.to(features.dtype))


class Ensemble(nn.Module):
    """Maps features [B, F] to the outputs [B, O] of the mean prediction.

    Networks that err in different ways are better together, and know better how sure
    they can be (deep ensembles, https://arxiv.org/abs/1612.01474). If the training rows
    have folds, each network leaves out one of them, so that every training row has a
    prediction by a network that has not seen it.

    Args:
        members: any networks [B, F] → [B, O].

    Attributes:
        temperature: divides the outputs of every network.
        link: class of the module between outputs and predictions; a classifier or
            regressor sets it.

    Raises:
        UserError: no members.
    """

    temperature: Tensor

    def __init__(self, *, members: Sequence[nn.Module]) -> None:
        super().__init__()
        if not members:
            raise UserError("members: an ensemble needs one or more")
        self.members = nn.ModuleList(members)
        self.register_buffer("temperature", torch.ones(()))
        self.link: type[nn.Module] = nn.Identity

    def forward(self, features: Tensor, folds: Tensor | None = None) -> Tensor:
        """Return outputs of the mean, or with folds [B] of the member without the row.

        Args:
            features: [B, F].
            folds: index of the member that leaves out the row.
        """
        if folds is None:
            outputs = [m(features) / self.temperature for m in self.members]
            return mean_outputs(outputs, self.link)
        order = folds.argsort(stable=True)
        parts = [m(features[folds == k]) for k, m in enumerate(self.members)]
        return torch.cat(parts)[order.argsort()] / self.temperature

    def calibrate(self, outputs: Tensor, loss: Callable[[Tensor], Tensor]) -> Tensor:
        """Find the temperature of the smallest loss; return outputs [B, O] with it.

        The logits of networks that are too sure are divided by a temperature above 1,
        which changes no order of classes. Source: Guo et al. 2017,
        https://arxiv.org/abs/1706.04599

        Args:
            outputs: of rows that the networks were not trained on, [B, O].
            loss: returns the loss [] of such outputs.
        """
        logits = outputs * self.temperature

        def loss_at(log_temperature: float) -> float:
            return float(loss(logits / math.exp(log_temperature)))

        found = minimize_scalar(loss_at, bounds=(0, 5), method="bounded")
        self.temperature.fill_(math.exp(found.x) if found.fun < loss_at(0) else 1.0)
        return logits / self.temperature

    def train_on(
        self,
        features: Tensor,
        folds: Tensor | None,
        loss: Callable[[Tensor, Tensor], Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Return the mean outputs [B, O] of all members and the sum [] of their losses.

        Args:
            features: [B, F].
            folds: index of the member that leaves out the row [B]; None if all members
                are trained on all rows.
            loss: returns the loss [] of outputs [M, O] of the rows with indices [M].
        """
        every = torch.arange(len(features), device=features.device)
        outputs, indices, losses = [], [], []
        for k, member in enumerate(self.members):
            rows = every if folds is None else every[folds != k]
            if folds is not None and len(rows) < 2:
                continue  # batchnorm takes no single row
            outputs.append(member(features[rows]))
            indices.append(rows)
            losses.append(loss(outputs[-1], rows))
        return mean_of_rows(outputs, indices, len(every)), torch.stack(losses).sum()


@torch.no_grad()
def mean_of_rows(
    outputs: Sequence[Tensor], indices: Sequence[Tensor], num_rows: int
) -> Tensor:
    """Return the mean [num_rows, O] of the outputs [M, O] that each row has."""
    rows, values = torch.cat(tuple(indices)), torch.cat(tuple(outputs))
    sums = values.new_zeros(num_rows, values.shape[1]).index_add_(0, rows, values)
    return sums / rows.bincount(minlength=num_rows)[:, None]


def mean_outputs(outputs: Sequence[Tensor], link: type[nn.Module]) -> Tensor:
    """Return outputs [B, O] that give the mean of several predictions.

    Means of probabilities are taken without leaving the logarithms.

    Args:
        outputs: of each network, [B, O].
        link: class of the module between outputs and predictions: ``nn.Softmax``,
            ``nn.Sigmoid``; for any other the outputs themselves are averaged.
    """
    stacked = torch.stack(list(outputs))
    if issubclass(link, nn.Softmax):
        return log_mean(F.log_softmax(stacked, dim=-1))
    if issubclass(link, nn.Sigmoid):
        return log_mean(F.logsigmoid(stacked)) - log_mean(F.logsigmoid(-stacked))
    return stacked.mean(dim=0)


def log_mean(logs: Tensor) -> Tensor:
    """Return the logarithm [B, O] of the mean of exp(logs) [K, B, O]."""
    return logs.logsumexp(dim=0) - math.log(len(logs))
