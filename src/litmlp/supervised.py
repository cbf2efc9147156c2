"""The common part of classifiers and regressors: training step, optimizer, state."""

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any, Unpack, cast

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import ConstantLR

from litmlp.distributions import Distribution
from litmlp.ensemble import Ensemble
from litmlp.errors import UserError
from litmlp.loadable_module import Parts
from litmlp.measured_module import MeasuredModule
from litmlp.optimizers import Factors, check_state_sizes, make_optimizer
from litmlp.penalties import NoPenalty
from litmlp.schedulers import Schedule
from litmlp.training_state import Batch, EpochState, parts_of
from litmlp.value_checks import check_value


class Supervised(MeasuredModule):
    """Wraps any network [batch, features] → [batch, outputs] for training.

    The arguments are :class:`~litmlp.loadable_module.Parts`.
    """

    prefix = "predicted"
    """Beginning of the names of a prediction's columns that are of no class."""

    def __init__(self, **parts: Unpack[Parts]) -> None:
        loss = parts["loss"]
        if getattr(loss, "reduction", "mean") != "mean":
            raise UserError(
                "loss.reduction must be mean: lr should not mean batch size"
            )
        super().__init__(
            network=parts["network"],
            encoding=parts.get("encoding") or nn.Identity(),
            metrics=parts["metrics"],
        )
        self.loss = loss
        self.output_activation = parts["output_activation"]()
        if isinstance(self.network, Ensemble):
            self.network.link = type(self.output_activation)
        self.optimizer = parts.get("optimizer") or partial(Adam, fused=True)
        self.factors = parts.get("optimizer_groups") or {}
        check_value(self.factors, Factors, "optimizer.groups")
        self.scheduler = parts.get("scheduler") or Schedule(
            factory=partial(ConstantLR, factor=1.0)
        )
        self.penalty = parts.get("penalty") or NoPenalty()
        # A copy, which moves to a device with the model while the data stay.
        self.preprocessing = copy.deepcopy(parts.get("preprocessing") or nn.Identity())
        self._weights: list[nn.Parameter] = []
        self._loaded_metrics: dict[str, Tensor] = {}
        self._processes, self._rows = 1, 0

    @property
    def shown_network(self) -> nn.Module:
        """The network that pictures and tables show: of an ensemble the first one."""
        network = self.network
        return network.members[0] if isinstance(network, Ensemble) else network

    @property
    def bounds(self) -> Sequence[float]:
        """Probabilities of the bounds that predictions have, see ``to_columns``."""
        return self.loss.bounds if isinstance(self.loss, Distribution) else ()

    def check_targets(self, targets: Tensor) -> None:
        """Check targets, before any training, for what a task or its loss needs.

        Raises:
            UserError: a target is unfit.
        """

    @torch.inference_mode()
    def predict(self, inputs: Tensor) -> Tensor:
        """Return predictions for raw rows [batch, columns], in evaluation mode."""
        training = self.training
        self.eval()
        predictions = self.to_columns(self(self.preprocessing(inputs)))
        self.train(training)
        return predictions

    def setup(self, stage: str) -> None:
        if stage == "fit":
            self.epoch_state, self._loaded_metrics = EpochState(), {}

    def on_fit_start(self) -> None:
        self._processes = self.trainer.world_size
        if self.global_rank:  # processes should not share their dropout masks
            torch.manual_seed(torch.initial_seed() + self.global_rank)

    def on_train_start(self) -> None:
        for optimizer in self.trainer.optimizers:
            check_state_sizes(optimizer)
        self.epoch_state.move_to(self.device)
        self.trainer.callback_metrics.update(self._loaded_metrics)

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        outputs, loss = self._outputs_and_loss(batch)
        if self._processes > 1:
            loss = loss * self._loss_factor(len(outputs))
        penalty = self.penalty(self._weights)
        if isinstance(penalty, Tensor):  # adding a 0 would cost a node of the graph
            loss = loss + penalty
        return {"loss": loss, "outputs": outputs.detach()}

    def _outputs_and_loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return outputs [batch, outputs] and the loss [] that is minimized.

        The loss of an ensemble is the sum of its members' losses: each is trained as
        it would be alone.
        """
        features, targets, weights, folds = parts_of(batch)
        if not isinstance(self.network, Ensemble):
            outputs = self(features)
            return outputs, self.compute_loss(outputs, targets, *weights)

        def loss(outputs: Tensor, rows: Tensor) -> Tensor:
            return self.compute_loss(
                outputs, *(part[rows] for part in (targets, *weights))
            )

        return self.network.train_on(features, folds, loss)

    def _loss_factor(self, rows: int) -> float:
        """Return the factor of this process's loss in the mean over all processes."""
        counted = torch.tensor(rows, device=self.device)
        self._rows = int(self.trainer.strategy.reduce(counted, reduce_op="sum"))
        return rows * self._processes / self._rows

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        # Not in training_step, which L-BFGS calls several times per step.
        state = self.epoch_state
        _, targets, weights, _ = parts_of(batch)
        state.keep("train", (outputs["outputs"], targets, *weights))
        state.samples += self._rows if self._processes > 1 else len(batch[1])

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        return self.to_predictions(self(batch[0]))

    def on_train_epoch_start(self) -> None:
        # The values of the first step: after the last one the scheduler has stepped.
        group = self.trainer.optimizers[0].param_groups[0]
        pace = {"lr": torch.as_tensor(group["lr"])}
        if momentum := group.get("momentum") or next(iter(group.get("betas", [])), 0):
            pace["momentum"] = torch.as_tensor(momentum)
        self.epoch_state.pace = pace

    def on_train_epoch_end(self) -> None:
        values = self.epoch_state.pace | self._summarize("train")
        if (validation := self.trainer.callback_metrics.get("loss/val")) is not None:
            values["generalization_gap"] = validation - values["loss/train"]
        self.report(values)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["description"] = self.description
        checkpoint["epoch_state"] = self.epoch_state.state_dict()
        checkpoint["metrics"] = dict(self.trainer.callback_metrics)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if state := checkpoint.get("epoch_state"):  # best.ckpt has none
            self.epoch_state.load_state_dict(state)
        self._loaded_metrics = checkpoint.get("metrics", {})

    def configure_optimizers(self) -> OptimizerLRScheduler:
        self._weights = [p for p in self.network.parameters() if p.ndim >= 2]
        optimizer = self.make_optimizer()
        schedule = self.scheduler.configured(optimizer, self)
        both = {"optimizer": optimizer, "lr_scheduler": schedule}
        return cast(OptimizerLRScheduler, both)

    def make_optimizer(self) -> Optimizer:
        """Return a new optimizer of all parameters."""
        return make_optimizer(self.optimizer, self, self.factors)
