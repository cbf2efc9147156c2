"""Losses that torch lacks, what each known loss needs, and weights of classes."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from torch import Tensor, nn

if TYPE_CHECKING:
    from litmlp.supervised import Supervised


class HalfSquaredError(nn.Module):
    """Σ ½(target − output)² over the outputs, mean over the rows: [B, T], [B, T] → [].

    Its gradient with respect to an output is the error itself, as in worked examples.
    """

    takes = "values"

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.shape != targets.shape:  # they would be broadcast silently
            raise ValueError(f"{outputs.shape} outputs, {targets.shape} targets")
        return 0.5 * (outputs - targets).square().sum(dim=1).mean()


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
    kind = loss if isinstance(loss, type) else type(loss)
    of_torch = (takes for k, takes in TAKEN_BY_TORCH.items() if issubclass(kind, k))
    takes: Takes = getattr(loss, "takes", next(of_torch, default))
    return takes


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
