"""Classification: logits, probabilities, classes."""

from collections.abc import Sequence
from typing import Unpack

import torch
import torch.nn.functional as F
from torch import Tensor

from litmlp.distributions import Distribution
from litmlp.errors import UserError
from litmlp.loadable_module import Parts
from litmlp.losses import compare, taken_by
from litmlp.metrics import undefined
from litmlp.supervised import Supervised

BINARY = ("binary", ("class_logits",), "binary_cross_entropy")
MULTICLASS = ("multiclass", ("binary_logit", "signed_logit"), "cross_entropy")
"""The name of a task, the losses that do not fit it, and one that does."""


class Classifier(Supervised):
    """Wraps any network [batch, features] → logits [batch, num_outputs].

    One output is binary: the logit of the second class. Several are one logit per
    class. Targets are class indices [batch], or soft targets [batch, classes] for
    cross entropy. The loss takes logits; a loss of values (``MSELoss``) takes
    probabilities and one-hot targets instead, see :data:`~litmlp.losses.Takes`.

    Args:
        num_outputs: 1 for two classes, or the number of classes.
        class_names: in the order of the class indices.

    The other arguments are :class:`~litmlp.loadable_module.Parts`.

    Raises:
        UserError: the outputs do not fit the classes, or the loss does not fit the
            outputs.
    """

    def __init__(
        self, *, num_outputs: int, class_names: Sequence[str], **parts: Unpack[Parts]
    ) -> None:
        super().__init__(**parts)
        self.num_outputs = num_outputs
        self.class_names = list(class_names)
        self.takes = taken_by(
            self.loss, "binary_logit" if num_outputs == 1 else "class_logits"
        )
        self._check_outputs()
        self._check_loss()

    def _check_outputs(self) -> None:
        names = self.class_names
        if self.num_outputs not in (1, len(names)):
            raise UserError(
                f"{self.num_outputs} outputs for {len(names)} classes: "
                "needs one per class, or a single one for two"
            )
        if self.num_outputs == 1 and len(names) != 2:
            raise UserError(
                f"a binary task has two classes, got {len(names)} ({shortened(names)})"
                + (": choose task=multiclass" if len(names) > 2 else "")
            )

    def _check_loss(self) -> None:
        task, unfit, fit = BINARY if self.num_outputs == 1 else MULTICLASS
        if self.takes in unfit or isinstance(self.loss, Distribution):
            raise UserError(
                f"{type(self.loss).__name__} does not fit a {task} task, whose network "
                f"has {self.num_outputs} output(s): choose loss={fit} or another task"
            )
        weight = getattr(self.loss, "weight", None)
        if weight is not None and len(weight) != len(self.class_names):
            raise UserError(
                f"loss.weight has {len(weight)} numbers for {len(self.class_names)} "
                f"classes ({shortened(self.class_names)})"
            )

    def compute_loss(
        self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        if self.takes == "values":
            one_hot = self._one_hot(targets)
            probabilities = self.output_activation(outputs)
            return compare(self.loss, probabilities, one_hot, weights)
        if self.num_outputs > 1:
            return compare(self.loss, outputs, targets, weights)
        signs = targets.to(outputs.dtype)
        if self.takes == "signed_logit":
            signs = 2 * signs - 1
        return compare(self.loss, outputs.squeeze(1), signs, weights)

    def to_predictions(self, outputs: Tensor) -> Tensor:
        """Return probabilities [batch, classes] of logits [batch, num_outputs]."""
        probabilities: Tensor = self.output_activation(outputs)
        if self.num_outputs == 1:
            return torch.cat([1 - probabilities, probabilities], dim=1)
        return probabilities

    def for_metrics(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        probabilities = self.output_activation(outputs)
        if self.num_outputs == 1:
            probabilities = probabilities.squeeze(1)
        return probabilities, targets.argmax(1) if targets.ndim == 2 else targets

    def measure(
        self, outputs: Tensor, targets: Tensor, *weights: Tensor
    ) -> dict[str, Tensor]:
        values = super().measure(outputs, targets, *weights)
        predicted, actual = self.for_metrics(outputs, targets)
        return values | undefined(dict(self.metrics.items()), predicted, actual)

    def _one_hot(self, targets: Tensor) -> Tensor:
        """Return zeros and ones [batch, num_outputs] for class indices [batch]."""
        if self.num_outputs == 1:
            return targets[:, None].to(self.dtype)
        return F.one_hot(targets, self.num_outputs).to(self.dtype)


def shortened(names: Sequence[str]) -> str:
    """Return the first few names, for a message."""
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
