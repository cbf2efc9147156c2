"""Several networks that are trained side by side and predict together."""

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from scipy.optimize import minimize_scalar
from torch import Tensor, nn

from litmlp.batched_ensemble import BatchedMembers, batch_members, no_trace
from litmlp.errors import UserError


class Member(nn.Module):
    """One network of an ensemble, with an encoding of its own: [B, F] → [B, O]."""

    def __init__(self, *, encoding: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.encoding = encoding
        self.network = network

    def forward(self, features: Tensor, rows: Tensor | None = None) -> Tensor:
        """Return the outputs of all rows, or of the rows with some indices."""
        encoded = self.encoding(features)
        outputs = self.network(encoded if rows is None else encoded[rows])
        return cast(Tensor, outputs.to(features.dtype))


class Ensemble(nn.Module):
    """Maps features [B, F] to the outputs [B, O] of the mean prediction.

    Networks that err in different ways are better together, and know better how sure
    they can be (deep ensembles, https://arxiv.org/abs/1612.01474). If the training rows
    have folds, each network leaves out one of them, so that every training row has a
    prediction by a network that has not seen it.

    Args:
        members: any networks [B, F] → [B, O].
        alike: whether they differ in nothing but their weights, and know the same
            preprocessed rows; then one batched product per layer trains all of them.

    Attributes:
        temperature: divides the outputs of every network.
        link: class of the module between outputs and predictions; a classifier or
            regressor sets it.

    Raises:
        UserError: no members.
    """

    temperature: Tensor

    def __init__(self, *, members: Sequence[nn.Module], alike: bool = False) -> None:
        super().__init__()
        if not members:
            raise UserError("members: an ensemble needs one or more")
        self.members = nn.ModuleList(members)
        self.register_buffer("temperature", torch.ones(()))
        self.link: type[nn.Module] = nn.Identity
        # Statistics of batches are buffers, which a batched product does not update.
        networks = [m.network for m in members if isinstance(m, Member)]
        stateless = not any(True for n in networks for _ in n.buffers())
        self.alike = alike and stateless and len(networks) > 1
        self._joined: BatchedMembers | None = None

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
        numbers = range(len(self.members))
        indices = [every if folds is None else every[folds != k] for k in numbers]
        # Batchnorm takes no single row, which only a short last batch may have.
        used = [k for k in numbers if folds is None or len(indices[k]) > 1]
        rows = [indices[k] for k in used]
        outputs = self._outputs(features, used, rows)
        losses = [loss(own, index) for own, index in zip(outputs, rows, strict=True)]
        return mean_of_rows(outputs, rows, len(every)), torch.stack(losses).sum()

    def _outputs(
        self, features: Tensor, used: Sequence[int], rows: Sequence[Tensor]
    ) -> list[Tensor]:
        """Return the outputs [M, O] of some members, each for rows of its own."""
        as_one = self._as_one(features) if len(used) == len(self.members) else None
        if as_one is None:
            return [
                self.members[k](features[own])
                for k, own in zip(used, rows, strict=True)
            ]
        show_to_hooks(self.members[0], features, rows[0])
        outputs = as_one(features, rows)
        return [outputs[k, : len(own)] for k, own in enumerate(rows)]

    def _as_one(self, features: Tensor) -> BatchedMembers | None:
        """Return all members joined; None if they cannot be."""
        if self.alike and not (self._joined and self._joined.holds()):
            self._joined = batch_members([*self.members], features)
            self.alike = self._joined is not None
        return self._joined if self.alike else None

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to these very parameters: a copy joins its own."""
        return {**self.__dict__, "_joined": None}


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


def show_to_hooks(member: nn.Module, features: Tensor, rows: Tensor) -> None:
    """Call a member once more if its modules have hooks, which watch its outputs.

    The random numbers of training stay as they are.
    """
    if any(part._forward_hooks for part in member.modules()):  # torch tells it nowhere
        with no_trace(features.device):
            member(features, rows)
