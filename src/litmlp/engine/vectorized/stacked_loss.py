"""The members' losses in one number, whose gradient is each member's own."""

import copy
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litmlp.classifier import Classifier
from litmlp.engine.vectorized.padding import filled_up
from litmlp.engine.vectorized.stack import Tensors
from litmlp.losses import same_loss
from litmlp.penalties import NoPenalty
from litmlp.supervised import Supervised

MEANS_OF_ROWS = (nn.CrossEntropyLoss, nn.MultiMarginLoss)
MEANS_OF_NUMBERS = (
    nn.BCEWithLogitsLoss,
    nn.SoftMarginLoss,
    nn.MSELoss,
    nn.L1Loss,
    nn.SmoothL1Loss,
    nn.HuberLoss,
)

Losses = Callable[[Tensor, Tensor], Tensor]
"""Outputs [k, B, O] and targets [k, B, …] → the sum of the members' mean losses."""


class Objective:
    """The sum of the members' losses and penalties: gradients do not mix in a sum.

    Args:
        models: of the members.
    """

    def __init__(self, models: Sequence[Supervised]) -> None:
        self.models = models
        self.losses = [
            (torch.tensor(numbers), sum_of_losses(models[numbers[0]]))
            for numbers in alike(models, same_loss)
        ]
        self.penalties = [
            torch.tensor(numbers)
            for numbers in alike(models, lambda model: str(type(model.penalty)))
            if not isinstance(models[numbers[0]].penalty, NoPenalty)
        ]

    def __call__(
        self, outputs: Tensor, targets: Tensor, leaves: Tensors, members: Tensor | None
    ) -> Tensor:
        """Outputs [k, B, O], targets [k, B, …] and weights of some members → []."""
        total = outputs.new_zeros(())
        for numbers, losses in self.losses:
            own = places(numbers, members)
            if len(own) == len(outputs):
                total = total + losses(outputs, targets)
            elif len(own):
                total = total + losses(outputs[own], targets[own])
        weights = [w for n, w in leaves.items() if n.startswith("network.")]
        weights = [weight for weight in weights if weight.ndim > 2]
        for numbers in self.penalties:
            own = places(numbers, members)
            who = own if members is None else members[own]
            if len(own):
                models = [self.models[k] for k in who.tolist()]
                total = total + sum_of_penalties(models, [w[own] for w in weights])
        return total


def alike(items: Sequence[Any], key: Callable[[Any], Hashable]) -> list[list[int]]:
    """The numbers of the items that share a key."""
    found: dict[Hashable, list[int]] = defaultdict(list)
    for number, item in enumerate(items):
        found[key(item)].append(number)
    return list(found.values())


def places(numbers: Tensor, members: Tensor | None) -> Tensor:
    """Where members stand among some others; None: among all."""
    if members is None:
        return numbers
    return torch.isin(members, numbers).nonzero().flatten()


def sum_of_losses(model: Supervised) -> Losses:
    """For members that all have this model's loss."""
    loss = model.loss
    if type(loss) not in MEANS_OF_ROWS + MEANS_OF_NUMBERS or rows_differ(loss):
        each = torch.func.vmap(model.compute_loss)
        return lambda outputs, targets: each(outputs, targets).sum()
    usual = type(model).compute_loss is Classifier.compute_loss
    if usual and isinstance(loss, nn.CrossEntropyLoss):
        return cross_entropies(loss)
    by_row = isinstance(loss, MEANS_OF_ROWS)
    pooled = with_loss_of_each(model)

    def pool(outputs: Tensor, targets: Tensor) -> Tensor:
        members, rows = outputs.shape[:2]
        padded = [filled_up(tensor).flatten(0, 1) for tensor in (outputs, targets)]
        each = pooled.compute_loss(*padded).unflatten(0, (members, -1))[:, :rows]  # type: ignore[no-untyped-call]  # torch's
        # Divided by what one member has: its gradient is then the same in any company.
        total: Tensor = each.sum() / (rows if by_row else outputs[0].numel())
        return total

    return pool


def rows_differ(loss: Any) -> bool:
    """Whether its mean divides by something else than the number of rows."""
    if not isinstance(loss, nn.CrossEntropyLoss):
        return False
    return loss.weight is not None or loss.ignore_index >= 0


def cross_entropies(loss: nn.CrossEntropyLoss) -> Losses:
    """Classes before rows, as a network's last layer leaves them: many rows at once."""

    def each(outputs: Tensor, targets: Tensor) -> Tensor:
        logits, smoothing = outputs.transpose(1, 2), loss.label_smoothing
        if targets.ndim == 3:  # soft: a share of each class
            targets = targets.transpose(1, 2)
        losses = F.cross_entropy(
            logits, targets, reduction="none", label_smoothing=smoothing
        )
        return losses.sum() / outputs.shape[1]

    return each


def with_loss_of_each(model: Supervised) -> Supervised:
    """The model with a loss that takes no mean."""
    each = copy.copy(cast(nn.Module, model.loss))
    vars(each)["reduction"] = "none"
    other = copy.copy(model)
    other._modules = model._modules | {"loss": each}
    return other


def sum_of_penalties(models: Sequence[Supervised], weights: Sequence[Tensor]) -> Tensor:
    """Of the members' weights [k, …] each; their penalties differ in numbers alone."""
    first = models[0].penalty
    numbers = {
        name: weights[0].new_tensor([getattr(m.penalty, name) for m in models])
        for name, value in vars(first).items()
        if isinstance(value, float)
    }

    def one(numbers: Tensors, weights: Sequence[Tensor]) -> Tensor:
        penalty = copy.copy(first)
        vars(penalty).update(numbers)
        return torch.as_tensor(penalty(weights))

    total: Tensor = torch.func.vmap(one)(numbers, list(weights)).sum()
    return total
