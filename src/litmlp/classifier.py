"""Classification: logits, probabilities, classes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer
from torchmetrics import Metric

from litmlp.errors import UserError
from litmlp.losses import BINARY_LOSSES, CLASS_INDEX_LOSSES, REAL_VALUED_LOSSES
from litmlp.penalties import Penalty
from litmlp.schedulers import Schedule
from litmlp.supervised import Loss, Supervised


class Classifier(Supervised):
    """Wraps any network [batch, features] → logits [batch, num_outputs].

    One output is binary: the logit of the second class. More are one logit a class.
    Targets are class indices [batch], or soft targets [batch, classes] for
    cross entropy. The loss takes logits; a loss for real values (``MSELoss``) takes
    probabilities against one-hot targets instead.

    Args:
        num_outputs: 1, or the number of classes.
        class_names: in the order of the class indices.

    The other arguments are those of :class:`~litmlp.supervised.Supervised`.

    Raises:
        UserError: one output for more than two classes, a number of outputs that is
            not the number of classes, or a loss that needs another kind of output.
    """

    def __init__(
        self,
        *,
        network: nn.Module,
        num_outputs: int,
        class_names: Sequence[str],
        loss: Loss,
        output_activation: Callable[[], nn.Module],
        metrics: Mapping[str, Metric],
        optimizer: Callable[[Iterator[nn.Parameter]], Optimizer] | None = None,
        scheduler: Schedule | None = None,
        penalty: Penalty | None = None,
        preprocessing: nn.Module | None = None,
        encoding: nn.Module | None = None,
    ) -> None:
        if num_outputs not in (1, len(class_names)):
            raise UserError(
                f"{num_outputs} outputs for {len(class_names)} classes: "
                "needs one a class, or a single one for two"
            )
        if num_outputs == 1 and len(class_names) != 2:
            raise UserError(
                f"a binary task has two classes, got {len(class_names)} "
                f"({shortened(class_names)})"
                + (": choose task=multiclass" if len(class_names) > 2 else "")
            )
        unfit = CLASS_INDEX_LOSSES if num_outputs == 1 else BINARY_LOSSES
        if isinstance(loss, unfit):
            task, fit = (
                ("binary", "binary_cross_entropy")
                if num_outputs == 1
                else ("multiclass", "cross_entropy")
            )
            raise UserError(
                f"{type(loss).__name__} does not fit a {task} task, whose network has "
                f"{num_outputs} output(s): choose loss={fit} or another task"
            )
        weight = getattr(loss, "weight", None)
        if weight is not None and len(weight) != len(class_names):
            raise UserError(
                f"loss.weight has {len(weight)} numbers for {len(class_names)} classes "
                f"({shortened(class_names)})"
            )
        super().__init__(
            network=network,
            loss=loss,
            output_activation=output_activation,
            metrics=metrics,
            optimizer=optimizer,
            scheduler=scheduler,
            penalty=penalty,
            preprocessing=preprocessing,
            encoding=encoding,
        )
        self.num_outputs = num_outputs
        self.class_names = list(class_names)

    def compute_loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if isinstance(self.loss, REAL_VALUED_LOSSES):
            one_hot = self._one_hot(targets)
            return cast(Tensor, self.loss(self.output_activation(outputs), one_hot))
        if self.num_outputs > 1:
            return self.loss(outputs, targets)
        signs = targets.to(outputs.dtype)
        if isinstance(self.loss, nn.SoftMarginLoss):
            signs = 2 * signs - 1
        return self.loss(outputs.squeeze(1), signs)

    def to_predictions(self, outputs: Tensor) -> Tensor:
        """Logits [B, num_outputs] → probabilities [B, classes]."""
        probabilities: Tensor = self.output_activation(outputs)
        if self.num_outputs == 1:
            return torch.cat([1 - probabilities, probabilities], dim=1)
        return probabilities

    def for_metrics(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        probabilities = self.output_activation(outputs)
        if self.num_outputs == 1:
            probabilities = probabilities.squeeze(1)
        return probabilities, targets.argmax(1) if targets.ndim == 2 else targets

    def _one_hot(self, targets: Tensor) -> Tensor:
        """Class indices [B] → 0 and 1 [B, num_outputs]."""
        if self.num_outputs == 1:
            return targets[:, None].to(self.dtype)
        return F.one_hot(targets, self.num_outputs).to(self.dtype)


def shortened(names: Sequence[str]) -> str:
    """The first few names, for a message."""
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
