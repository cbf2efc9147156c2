"""Regression: real-valued outputs in the targets' own units."""

from collections.abc import Sequence
from typing import Unpack

import torch
from torch import Tensor

from litmlp.distributions import Distribution
from litmlp.errors import UserError
from litmlp.loadable_module import Parts
from litmlp.losses import compare, taken_by
from litmlp.supervised import Supervised


class Regressor(Supervised):
    """Wraps any network [batch, features] → [batch, num_outputs], one per target.

    The loss compares the network with (target − mean) / std; predictions and metrics
    are in the targets' own units. Targets are real values [batch, num_outputs]. A loss
    that is a :class:`~litmlp.distributions.Distribution` needs a network with more
    outputs per target.

    Args:
        num_outputs: the number of targets.
        target_names: one per target.
        target_mean, target_std: of the training rows, one per target; 0 and 1 leave
            the targets as they are.

    The other arguments are :class:`~litmlp.loadable_module.Parts`.

    Raises:
        UserError: the loss is for classes, or the numbers of outputs, names, means and
            standard deviations differ.
    """

    target_mean: Tensor
    target_std: Tensor

    def __init__(
        self,
        *,
        num_outputs: int,
        target_names: Sequence[str],
        target_mean: Sequence[float],
        target_std: Sequence[float],
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(**parts)
        self.takes = taken_by(self.loss, "values")
        if self.takes != "values":
            raise UserError(
                f"{type(self.loss).__name__} needs classes, and the targets are real "
                "values: choose loss=mse, mae, smooth_l1, huber or half_squared_error"
            )
        if not num_outputs == len(target_names) == len(target_mean) == len(target_std):
            raise UserError(
                f"{num_outputs} outputs for {len(target_names)} targets with "
                f"{len(target_mean)} means and {len(target_std)} standard deviations"
            )
        self.num_outputs = num_outputs
        self.target_names = list(target_names)
        if isinstance(self.loss, Distribution) and self.loss.counts:
            target_std = [mean if mean > 0 else 1.0 for mean in target_mean]
            target_mean = [0.0] * num_outputs
        self.register_buffer("target_mean", torch.tensor(target_mean))
        self.register_buffer("target_std", torch.tensor(target_std))

    def check_targets(self, targets: Tensor) -> None:
        counts = isinstance(self.loss, Distribution) and self.loss.counts
        if counts and (lowest := targets.min()) < 0:
            raise UserError(
                f"loss: {type(self.loss).__name__} needs counts of 0 or more, and a "
                f"target is {lowest:g}: choose loss=mse"
            )

    def compute_loss(
        self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        scaled = (targets - self.target_mean) / self.target_std
        return compare(self.loss, self.output_activation(outputs), scaled, weights)

    def to_predictions(self, outputs: Tensor) -> Tensor:
        """Return values in the targets' units for raw outputs [batch, targets]."""
        values: Tensor = self.output_activation(outputs)
        if isinstance(self.loss, Distribution):
            values = self.loss.values(values)[..., 0]
        return values * self.target_std + self.target_mean

    def to_columns(self, outputs: Tensor) -> Tensor:
        """Return predictions [batch, targets], then the bounds of each target."""
        predictions = self.to_predictions(outputs)
        if not isinstance(self.loss, Distribution):
            return predictions
        bounds = self.loss.values(self.output_activation(outputs))[..., 1:]
        in_units = bounds * self.target_std[:, None] + self.target_mean[:, None]
        return torch.cat([predictions, in_units.flatten(1)], dim=1)

    def for_metrics(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        # Sums of squares of large targets need more digits than float32 has.
        exact = torch.float32 if self.device.type == "mps" else torch.float64
        return self.to_predictions(outputs.to(exact)), targets.to(exact)
