"""Multi-label classification: several targets of 0 and 1, each for itself."""

from collections.abc import Sequence
from typing import Unpack

from torch import Tensor

from litmlp.distributions import Distribution
from litmlp.errors import UserError
from litmlp.loadable_module import Parts
from litmlp.losses import compare, taken_by
from litmlp.supervised import Supervised


class MultiLabelClassifier(Supervised):
    """Wraps any network [batch, features] → logits [batch, labels], one per label.

    Targets are 0 and 1 [batch, labels]; a row may have any number of labels. The loss
    takes logits, as ``BCEWithLogitsLoss`` does; a loss of values (``MSELoss``) takes
    probabilities instead. Metrics are those of torchmetrics for ``Multilabel``.

    Args:
        num_outputs: the number of labels.
        target_names: one per label.

    The other arguments are :class:`~litmlp.loadable_module.Parts`.

    Raises:
        UserError: there is a single label, or the loss does not fit.
    """

    prefix = "probability"

    def __init__(
        self, *, num_outputs: int, target_names: Sequence[str], **parts: Unpack[Parts]
    ) -> None:
        super().__init__(**parts)
        if num_outputs < 2 or num_outputs != len(target_names):
            raise UserError(
                f"{num_outputs} outputs for the targets {', '.join(target_names)}: "
                "task=multilabel needs several, each with an output: data.target=[a,b]"
            )
        # A loss that says nothing may be one of classes, which exclude each other.
        self.takes = taken_by(self.loss, "class_logits")
        fits = self.takes in ("binary_logit", "values")
        if not fits or isinstance(self.loss, Distribution):
            raise UserError(
                f"{type(self.loss).__name__} does not fit a multilabel task: choose "
                "loss=binary_cross_entropy or mse"
            )
        self.num_outputs = num_outputs
        self.target_names = list(target_names)

    def check_targets(self, targets: Tensor) -> None:
        others = targets[(targets != 0) & (targets != 1)]
        if len(others):
            raise UserError(
                "task=multilabel needs targets of 0 and 1, and a target is "
                f"{others[0]:g}"
            )

    def compute_loss(
        self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        if self.takes == "values":
            outputs = self.output_activation(outputs)
        return compare(self.loss, outputs, targets, weights)

    def to_predictions(self, outputs: Tensor) -> Tensor:
        """Return the probability of each label [batch, labels] for logits."""
        probabilities: Tensor = self.output_activation(outputs)
        return probabilities

    def for_metrics(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return self.to_predictions(outputs), targets.long()

    def measure(
        self, outputs: Tensor, targets: Tensor, *weights: Tensor
    ) -> dict[str, Tensor]:
        self.check_targets(targets)
        return super().measure(outputs, targets, *weights)
