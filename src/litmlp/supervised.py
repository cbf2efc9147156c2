"""The common part of classifiers and regressors: training step, metrics, optimizer."""

import copy
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Unpack, cast

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import ConstantLR
from torchmetrics import MeanMetric, MetricCollection

from litmlp.ensemble import Ensemble
from litmlp.epoch_state import Batch, EpochState, Position, parts_of
from litmlp.errors import UserError
from litmlp.losses import Takes
from litmlp.optimizers import check_factors, check_state_sizes, make_optimizer
from litmlp.parts import LoadableModule, Parts
from litmlp.penalties import NoPenalty
from litmlp.schedulers import Schedule


class Supervised(LoadableModule):
    """Wraps any network [batch, features] → [batch, outputs] for training.

    A subclass defines what the loss compares and what a prediction is. Metrics are
    computed once per epoch from all outputs of the epoch, which are kept until then.
    The arguments are :class:`~litmlp.parts.Parts`.
    """

    takes: Takes

    def __init__(self, **parts: Unpack[Parts]) -> None:
        super().__init__()
        loss, metrics = parts["loss"], parts["metrics"]
        if getattr(loss, "reduction", "mean") != "mean":
            raise UserError(
                "loss.reduction must be mean: lr should not mean batch size"
            )
        self.network = parts["network"]
        self.loss = loss
        self.output_activation = parts["output_activation"]()
        if isinstance(self.network, Ensemble):
            self.network.link = type(self.output_activation)
        self.metrics = MetricCollection(dict(metrics))
        self.metric_names = ["loss", *metrics]
        self.mean_loss = MeanMetric(nan_strategy=math.nan)  # a NaN must show
        self.optimizer = parts.get("optimizer") or partial(Adam, fused=True)
        self.factors = parts.get("optimizer_groups") or {}
        check_factors(self.factors)
        self.scheduler = parts.get("scheduler") or Schedule(
            factory=partial(ConstantLR, factor=1.0)
        )
        self.penalty = parts.get("penalty") or NoPenalty()
        # A copy, which moves to a device with the model while the data stay.
        self.preprocessing = copy.deepcopy(parts.get("preprocessing") or nn.Identity())
        self.encoding = parts.get("encoding") or nn.Identity()
        self._weights: list[nn.Parameter] = []
        self.average: dict[str, Tensor] = {}
        """Averaged parameters by name, which are validated instead of the newest."""
        self.epoch_state = EpochState()
        self._loaded_metrics: dict[str, Tensor] = {}
        self._processes, self._rows = 1, 0
        self.measured: dict[str, dict[str, Tensor]] = {}
        """Metrics of an epoch per split that were computed elsewhere, by name."""

    @property
    def shown_network(self) -> nn.Module:
        """The network that pictures and tables show: of an ensemble the first one."""
        network = self.network
        return network.members[0] if isinstance(network, Ensemble) else network

    def compute_loss(
        self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """Return the mean loss [] of raw outputs [batch, outputs] and their targets.

        ``weights`` [batch] weigh the rows; a subclass of a project may lack them, if
        its data have none.
        """
        raise NotImplementedError

    def to_predictions(self, outputs: Tensor) -> Tensor:
        """Return the predictions of raw outputs [batch, outputs]."""
        raise NotImplementedError

    def for_metrics(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return predictions and targets for torchmetrics.

        Args:
            outputs: raw, [batch, outputs].
            targets: as the data give them.
        """
        raise NotImplementedError

    def forward(self, features: Tensor, folds: Tensor | None = None) -> Tensor:
        """Return raw outputs [batch, outputs] of rows [batch, numbers + codes].

        Args:
            features: preprocessed.
            folds: for an ensemble, the index of the network that leaves out the row
                [batch], whose output is returned; None for the mean.
        """
        encoded = self.encoding(features)
        outputs = self.network(encoded, *(() if folds is None else (folds,)))
        # Half precision ends here: losses and metrics need the digits.
        return cast(Tensor, outputs.to(features.dtype))

    @torch.inference_mode()
    def predict(self, inputs: Tensor) -> Tensor:
        """Return predictions for raw rows [batch, columns], in evaluation mode."""
        training = self.training
        self.eval()
        predictions = self.to_predictions(self(self.preprocessing(inputs)))
        self.train(training)
        return predictions

    def measure(
        self, outputs: Tensor, targets: Tensor, *weights: Tensor
    ) -> dict[str, Tensor]:
        """Return loss and metrics of rows by name: ``accuracy`` of ``accuracy/val``.

        Args:
            outputs: raw, [rows, outputs].
            targets: as the data give them.
            weights: of the rows in the loss [rows], if there are any.

        Raises:
            UserError: a metric refuses them.
        """
        # Reset before, not after: the state of a test consists of inference tensors.
        self.mean_loss.reset()
        loss = self.compute_loss(outputs, targets, *weights)
        self.mean_loss.update(loss, len(targets))
        self.metrics.reset()
        try:
            self.metrics.update(*self.for_metrics(outputs, targets))
            values = {"loss": self.mean_loss.compute(), **self.metrics.compute()}
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, ValueError) as error:
            raise UserError(f"task.metrics: {error}") from error
        # In the order given: a collection sorts its metrics by name.
        return {name: values[name] for name in self.metric_names}

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
        state.batches["train"].append((outputs["outputs"], targets, *weights))
        state.samples += self._rows if self._processes > 1 else len(batch[1])

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self._keep_outputs("val", batch, self.average)

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        self._keep_outputs(self._tested_splits()[dataloader_idx], batch)

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

    def on_validation_epoch_end(self) -> None:
        self.report(self._summarize("val"))

    def on_test_epoch_end(self) -> None:
        for split in self._tested_splits():
            # No point of the curves: litmlp.engine.run.train logs the test metrics.
            self.trainer.callback_metrics.update(self._summarize(split))

    def position(self, *, epochs: int) -> Position:
        """Return the current position of the training, after ``epochs`` epochs."""
        step, samples = self.trainer.global_step, self.epoch_state.samples
        return Position(step=step, epoch=epochs, samples=samples)

    def report(self, values: Mapping[str, Tensor], at: Position | None = None) -> None:
        """Log the values of an epoch.

        ``log_dict`` of Lightning also keeps values of single batches, which would cost
        a small network an eighth of its epoch.

        Args:
            values: scalar tensors by tag.
            at: by default, the end of the current epoch.
        """
        trainer = self.trainer
        position = at or self.position(epochs=trainer.current_epoch + 1)
        trainer.callback_metrics.update(values)
        numbers = {tag: float(value) for tag, value in values.items()}
        for logger in trainer.loggers:
            logger.log_metrics(numbers | position.as_metrics(), step=position.step)

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

    def _keep_outputs(
        self, split: str, batch: Batch, average: dict[str, Tensor] | None = None
    ) -> None:
        features, _, _, folds = parts_of(batch)
        if average:
            outputs = functional_call(self, average, (features, folds))
        else:
            outputs = self(features, folds)
        self.epoch_state.batches[split].append((outputs, *batch[1:]))

    def _summarize(self, split: str) -> dict[str, Tensor]:
        """Return loss and metrics of all kept batches by tag, and drop the batches."""
        batches = self.epoch_state.batches.pop(split, [])
        values = self.measured.pop(split, None)
        if values is None:
            rows = tuple(map(torch.cat, zip(*batches, strict=True)))
            outputs, targets, weights, folds = parts_of(rows)
            if folds is not None and not self.trainer.testing:
                outputs = self._calibrate(outputs, targets, weights)
            values = self.measure(outputs, targets, *weights)
            if folds is not None:
                values["loss_spread"] = self._spread(outputs, targets, folds)
        return {f"{name}/{split}": value for name, value in values.items()}

    def _calibrate(
        self, outputs: Tensor, targets: Tensor, weights: Sequence[Tensor]
    ) -> Tensor:
        """Set the temperature of an ensemble by rows that it was not trained on."""
        if self.takes not in ("class_logits", "binary_logit"):
            return outputs
        return cast(Ensemble, self.network).calibrate(
            outputs, lambda logits: self.compute_loss(logits, targets, *weights)
        )

    def _spread(self, outputs: Tensor, targets: Tensor, folds: Tensor) -> Tensor:
        """Return the standard deviation [] of the losses of an ensemble's networks."""
        parts = [folds == k for k in range(int(folds.max()) + 1)]
        losses = [self.compute_loss(outputs[own], targets[own]) for own in parts]
        return torch.stack(losses).std()

    def _tested_splits(self) -> list[str]:
        """Return the names of the loaders that are tested."""
        loaders = self.trainer.test_dataloaders
        return list(loaders) if isinstance(loaders, dict) else ["test"]

    def __setattr__(self, name: str, value: Any) -> None:
        # Lightning sets the name of the running hook some 40 times per step; without
        # torch's search for parameters an epoch of a small network is a tenth shorter.
        if name == "_current_fx_name":
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)
