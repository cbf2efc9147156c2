"""Losses that torch lacks, the tensors that each loss takes, and class weights."""

import copy
from collections.abc import Hashable, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litmlp.errors import UserError


class HalfSquaredError(nn.Module):
    """Σ ½(target − output)², summed over the outputs, mean over the rows.

    Outputs and targets [batch, outputs] → []. Its gradient with respect to an output is
    the error itself, as in worked examples.
    """

    takes = "values"

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.shape != targets.shape:  # they would be broadcast silently
            raise ValueError(f"{outputs.shape} outputs, {targets.shape} targets")
        return 0.5 * (outputs - targets).square().sum(dim=1).mean()


class FocalLoss(nn.Module):
    """Mean of (1 − p)^gamma · −log p, with p the probability of the true class.

    Source: Lin et al. 2017, https://arxiv.org/abs/1708.02002

    Outputs are one logit per row [batch] with targets 0 and 1, or logits
    [batch, classes] with class indices [batch] or soft targets [batch, classes].

    Args:
        gamma: 0 or more; 0 is cross entropy.
    """

    def __init__(self, *, gamma: float = 2.0) -> None:
        super().__init__()
        if gamma < 0:
            raise UserError(f"gamma={gamma}: must be 0 or more")
        self.gamma = gamma

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.ndim == 1:
            return self._of(F.logsigmoid((2 * targets - 1) * outputs)).mean()
        if targets.ndim == 1:
            targets = F.one_hot(targets, outputs.shape[1])
        return (targets * self._of(outputs.log_softmax(dim=1))).sum(dim=1).mean()

    def _of(self, log_p: Tensor) -> Tensor:
        # Near p = 1 the root of 1 − p has no slope: so it is kept from 0.
        wrong = -torch.expm1(log_p.clamp_max(-torch.finfo(log_p.dtype).tiny))
        return -(wrong**self.gamma) * log_p


Takes = Literal["class_logits", "binary_logit", "signed_logit", "values"]
"""The two tensors that a loss compares.

``class_logits``: logits [batch, classes], class indices [batch] (or soft targets).
``binary_logit``: one logit [batch], 0 or 1 [batch].
``signed_logit``: one logit [batch], −1 or 1 [batch].
``values``: real values [batch, outputs] both; for classes probabilities and one-hot.
"""

TAKEN_BY_TORCH: dict[type[nn.Module], Takes] = {
    nn.CrossEntropyLoss: "class_logits",
    nn.MultiMarginLoss: "class_logits",
    nn.BCEWithLogitsLoss: "binary_logit",
    nn.SoftMarginLoss: "signed_logit",
    nn.MSELoss: "values",
    nn.L1Loss: "values",
    nn.SmoothL1Loss: "values",
    nn.HuberLoss: "values",
}


def taken_by(loss: Any, default: Takes) -> Takes:
    """Return what a loss takes: by its attribute ``takes``, or by its type in torch.

    Args:
        loss: a module or its class, or any function of outputs and targets.
        default: for a loss that does not say it.
    """
    loss = getattr(loss, "func", loss)  # of a function with its arguments
    kind = loss if isinstance(loss, type) else type(loss)
    of_torch = (takes for k, takes in TAKEN_BY_TORCH.items() if issubclass(kind, k))
    takes: Takes = getattr(loss, "takes", next(of_torch, default))
    return takes


def compare(
    loss: Any, outputs: Tensor, targets: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Return the loss [] of a batch: the mean of its rows' losses, times their weights.

    Args:
        loss: returns the mean over the rows that it is given.
        outputs, targets: of the batch, as the loss takes them.
        weights: one per row [batch], with the mean 1 over all rows of the split.

    Raises:
        UserError: the loss does not take these tensors, or returns no scalar tensor.
    """
    name = getattr(getattr(loss, "func", loss), "__name__", type(loss).__name__)
    try:
        value: Tensor = (
            loss(outputs, targets)
            if weights is None
            else (weights * row_losses(loss, outputs, targets)).mean()
        )
    except (TypeError, ValueError, RuntimeError, IndexError) as error:
        shapes = f"outputs {list(outputs.shape)} and targets {list(targets.shape)}"
        raise UserError(f"the loss {name} does not take {shapes}: {error}") from error
    per_row = getattr(loss, "reduction", "mean") == "none"  # for a group of runs
    if not isinstance(value, Tensor) or (value.ndim and not per_row):
        got = list(getattr(value, "shape", [])) or type(value).__name__
        raise UserError(f"the loss {name} must return a scalar tensor, and gave {got}")
    return value


def row_losses(loss: Any, outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of each row [batch], times the weight of its class if it has one.

    A loss without ``reduction`` is called for each row alone, all in one call.
    """
    if not hasattr(loss, "reduction"):
        each: Tensor = torch.vmap(loss)(outputs.unsqueeze(1), targets.unsqueeze(1))
        return each
    unreduced = copy.copy(loss)
    unreduced.reduction = "none"
    values: Tensor = unreduced(outputs, targets)
    return values.flatten(1).mean(dim=1) if values.ndim > 1 else values


def balanced_weights(class_counts: Sequence[float]) -> list[float]:
    """Return one weight per class that balances them: rows / (classes · count).

    The weights are those of ``class_weight="balanced"`` in scikit-learn: the mean
    weight of a row is 1, and a class without rows has weight 0.
    """
    mean = sum(class_counts) / len(class_counts)
    return [mean / count if count else 0.0 for count in class_counts]


def balanced_pos_weight(class_counts: Sequence[float]) -> list[float]:
    """Return the weight of the second class that balances two classes."""
    negative, positive = class_counts
    return [negative / positive if positive else 1.0]


def same_loss(model: nn.Module) -> Hashable:
    """Return a key that is equal for two models whose losses are the same function."""
    loss: Any = model.loss
    if not isinstance(loss, nn.Module):
        return str(loss)  # a function, by its place in memory
    buffers = {
        **dict(loss.named_buffers()),
        **{name: getattr(model, name, None) for name in ("target_mean", "target_std")},
    }
    own = {n: v for n, v in vars(loss).items() if not n.startswith("_")}
    # As a list: the text of a tensor has few of its digits.
    numbers = {n: None if b is None else b.tolist() for n, b in buffers.items()}
    return str((type(loss), own, numbers))
