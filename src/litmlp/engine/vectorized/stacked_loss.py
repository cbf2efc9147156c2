"""The losses of all runs in one number, whose gradient is each run's own."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litmlp.classifier import Classifier
from litmlp.engine.vectorized.stack import Tensors, group_indices, pad
from litmlp.losses import same_loss
from litmlp.penalties import NoPenalty
from litmlp.supervised import Supervised

MEANS_OF_ROWS = (nn.CrossEntropyLoss, nn.MultiMarginLoss)
MEANS_OF_NUMBERS = (
    *(nn.BCEWithLogitsLoss, nn.SoftMarginLoss),
    *(nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss),
)

LossSum = Callable[[Tensor, Tensor], Tensor]
"""Outputs [k, B, O] and targets [k, B, …] → the sum of the runs' mean losses []."""


class StackedLoss:
    """Computes the sum of losses and penalties: gradients do not mix in a sum."""

    def __init__(self, models: Sequence[Supervised]) -> None:
        self.models = models
        self.losses = [
            (indices, sum_of_losses(models[indices[0]]))
            for indices in group_indices(models, same_loss)
        ]
        self.penalties = [
            indices
            for indices in group_indices(models, lambda model: str(type(model.penalty)))
            if not isinstance(models[indices[0]].penalty, NoPenalty)
        ]

    def __call__(self, outputs: Tensor, targets: Tensor, leaves: Tensors) -> Tensor:
        """Sum over all runs: outputs [K, B, O], targets [K, B, …], weights → []."""
        total = outputs.new_zeros(())
        for alike, losses in self.losses:
            if len(alike) == len(outputs):
                total = total + losses(outputs, targets)
            else:
                total = total + losses(outputs[alike], targets[alike])
        weights = [w for n, w in leaves.items() if n.startswith("network.")]
        weights = [weight for weight in weights if weight.ndim > 2]
        for alike in self.penalties:
            models = [self.models[k] for k in alike]
            total = total + sum_of_penalties(models, [w[alike] for w in weights])
        return total


def sum_of_losses(model: Supervised) -> LossSum:
    """Return the sum of losses for runs that all have this model's loss."""
    loss = model.loss
    if type(loss) not in MEANS_OF_ROWS + MEANS_OF_NUMBERS or weighs_rows(loss):
        each = torch.func.vmap(model.compute_loss)
        return lambda outputs, targets: each(outputs, targets).sum()
    usual = type(model).compute_loss is Classifier.compute_loss
    if usual and isinstance(loss, nn.CrossEntropyLoss):
        return sum_of_cross_entropies(loss)
    by_row = isinstance(loss, MEANS_OF_ROWS)
    per_row = copy.copy(cast(nn.Module, loss))
    per_row.reduction = "none"  # type: ignore[assignment]  # a string of torch's losses

    def pooled(outputs: Tensor, targets: Tensor) -> Tensor:
        runs, rows = outputs.shape[:2]
        padded = [pad(tensor).flatten(0, 1) for tensor in (outputs, targets)]
        model.loss = per_row
        try:
            each = model.compute_loss(*padded).unflatten(0, (runs, -1))[:, :rows]  # type: ignore[no-untyped-call]  # torch's
        finally:
            model.loss = loss
        # Divided by the count of one run: its gradient is then the same in any group.
        total: Tensor = each.sum() / (rows if by_row else outputs[0].numel())
        return total

    return pooled


def weighs_rows(loss: Any) -> bool:
    """Return whether the mean divides by something else than the number of rows."""
    if not isinstance(loss, nn.CrossEntropyLoss):
        return False
    return loss.weight is not None or loss.ignore_index >= 0


def sum_of_cross_entropies(loss: nn.CrossEntropyLoss) -> LossSum:
    """Return a sum over logits with classes before rows: many rows at once."""

    def each(outputs: Tensor, targets: Tensor) -> Tensor:
        logits, smoothing = outputs.transpose(1, 2), loss.label_smoothing
        if targets.ndim == 3:  # soft: a fraction per class
            targets = targets.transpose(1, 2)
        losses = F.cross_entropy(
            logits, targets, reduction="none", label_smoothing=smoothing
        )
        return losses.sum() / outputs.shape[1]

    return each


def sum_of_penalties(models: Sequence[Supervised], weights: Sequence[Tensor]) -> Tensor:
    """Sum penalties of one kind and different numbers, of weights [k, …] each → []."""
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
