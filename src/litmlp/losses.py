"""Losses that torch lacks, what each known loss needs, and weights of classes."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from litmlp.supervised import Supervised


class HalfSquaredError(nn.Module):
    """Σ ½(target − output)² over the outputs, mean over the rows: [B, T], [B, T] → [].

    Its gradient with respect to an output is the error itself, as in worked examples.
    """

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.shape != targets.shape:  # they would be broadcast silently
            raise ValueError(f"{outputs.shape} outputs, {targets.shape} targets")
        return 0.5 * (outputs - targets).square().sum(dim=1).mean()


CLASS_INDEX_LOSSES = (nn.CrossEntropyLoss, nn.MultiMarginLoss)
"""Logits [B, C] against class indices [B] (cross entropy: or soft targets [B, C])."""

BINARY_LOSSES = (nn.BCEWithLogitsLoss, nn.SoftMarginLoss)
"""One logit [B] against 0 and 1 [B] (soft margin: −1 and 1)."""

REAL_VALUED_LOSSES = (
    nn.MSELoss,
    nn.L1Loss,
    nn.SmoothL1Loss,
    nn.HuberLoss,
    HalfSquaredError,
)
"""Outputs [B, T] against real values [B, T]; on classes: probabilities, one-hot."""


def balanced_weights(class_counts: Sequence[float]) -> list[float]:
    """A weight a class with which all weigh the same: rows / (classes · count).

    As ``class_weight="balanced"`` in scikit-learn: the mean weight of a row is 1. A
    class without rows has no weight.
    """
    mean = sum(class_counts) / len(class_counts)
    return [mean / count if count else 0.0 for count in class_counts]


def balanced_pos_weight(class_counts: Sequence[float]) -> list[float]:
    """The weight of the second class with which both weigh the same."""
    negative, positive = class_counts
    return [negative / positive if positive else 1.0]


def same_loss(model: "Supervised") -> Hashable:
    """Return a key that is equal for two models whose losses are the same function."""
    buffers = {
        **dict(model.loss.named_buffers() if isinstance(model.loss, nn.Module) else ()),
        **{name: getattr(model, name, None) for name in ("target_mean", "target_std")},
    }
    own = {n: v for n, v in vars(model.loss).items() if not n.startswith("_")}
    # As a list: the text of a tensor has few of its digits.
    numbers = {n: None if b is None else b.tolist() for n, b in buffers.items()}
    return str((type(model.loss), own, numbers))
