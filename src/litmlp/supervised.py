"""What classifiers and regressors share: one training step, metrics, optimizer."""

import copy
import math
from collections.abc import Mapping
from functools import partial
from os import PathLike
from typing import Any, Self, Unpack, cast

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Adam
from torch.optim.lr_scheduler import ConstantLR
from torchmetrics import MeanMetric, MetricCollection

from litmlp.epoch_state import Batch, EpochState, Position
from litmlp.errors import UserError
from litmlp.losses import Takes
from litmlp.optimizers import check_state_sizes
from litmlp.parts import Description, Parts, constructor_call
from litmlp.penalties import NoPenalty
from litmlp.schedulers import Schedule


class Supervised(LightningModule):
    """Wraps any network [batch, features] → [batch, outputs] for training.

    Subclasses say how outputs meet the loss and what a prediction is. Metrics are
    computed once per epoch from all outputs of the epoch, which are kept until then.
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
        self.metrics = MetricCollection(dict(metrics))
        self.metric_names = ["loss", *metrics]
        self.mean_loss = MeanMetric(nan_strategy=math.nan)  # a NaN must show
        self.optimizer = parts.get("optimizer") or partial(Adam, fused=True)
        self.scheduler = parts.get("scheduler") or Schedule(
            factory=partial(ConstantLR, factor=1.0)
        )
        self.penalty = parts.get("penalty") or NoPenalty()
        # Its own, since it moves with the model, and the data do not.
        self.preprocessing = copy.deepcopy(parts.get("preprocessing") or nn.Identity())
        self.encoding = parts.get("encoding") or nn.Identity()
        self._weights: list[nn.Parameter] = []
        self.description: Description | None = None
        """Plain data that a checkpoint keeps, to build the same module again."""
        self.epoch_state = EpochState()
        self._loaded_metrics: dict[str, Tensor] = {}
        self._processes, self._rows = 1, 0
        self.measured: dict[str, dict[str, Tensor]] = {}
        """Values of an epoch by split that others have measured for this model."""

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]  # Lightning's takes any file
        cls,
        checkpoint_path: str | PathLike[str],
        map_location: Any = "cpu",
        *,
        strict: bool = True,
        **arguments: Any,
    ) -> Self:
        """Build the module of a checkpoint, with its weights.

        A module that was trained by a config needs no arguments. For a module that was
        built in Python, give the arguments of its constructor.

        Args:
            checkpoint_path: ``best.ckpt``, ``last.ckpt``, or a file of a callback of
                Lightning.
            map_location: where the weights go.
            strict: whether the checkpoint must have exactly the weights of the module.
            arguments: of the constructor, instead of those in the checkpoint.

        Raises:
            UserError: the checkpoint is of another class, or does not describe its
                module.
        """
        arguments.pop("weights_only", None)  # it always is
        content = torch.load(
            checkpoint_path, map_location=map_location, weights_only=True
        )
        state, description = content["state_dict"], content.get("description")
        if description is None and not arguments:
            raise UserError(
                f"{checkpoint_path} does not describe its module: give the arguments "
                f"of {cls.__name__}, network=… and others"
            )
        kind: type[Self] = cls
        if description is not None:
            kind, arguments = constructor_call(description, cls, arguments)
        model = kind(**arguments)
        model.description = description
        like = next(value for value in state.values() if value.is_floating_point())
        model.to(device=like.device, dtype=like.dtype).load_state_dict(state, strict)
        return model

    def compute_loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of raw outputs [B, O] against a batch's targets → []."""
        raise NotImplementedError

    def to_predictions(self, outputs: Tensor) -> Tensor:
        """Raw outputs [B, O] → what ``predict`` returns."""
        raise NotImplementedError

    def for_metrics(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Raw outputs and targets → predictions and targets as torchmetrics wants."""
        raise NotImplementedError

    def forward(self, features: Tensor) -> Tensor:
        """Preprocessed rows [B, numbers + codes] → raw outputs [B, O]."""
        return cast(Tensor, self.network(self.encoding(features)))

    @torch.inference_mode()
    def predict(self, inputs: Tensor) -> Tensor:
        """Raw feature rows [B, F] → predictions, in evaluation mode."""
        training = self.training
        self.eval()
        predictions = self.to_predictions(self(self.preprocessing(inputs)))
        self.train(training)
        return predictions

    def measure(self, outputs: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Raw outputs [N, O] of all rows and their targets → loss and metrics by name.

        The names are those of tags, ``accuracy`` for ``accuracy/test``.
        """
        # Reset before, not after: a state made while testing is an inference tensor.
        self.mean_loss.reset()
        self.mean_loss.update(self.compute_loss(outputs, targets), len(targets))
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
        features, targets = batch
        outputs = self(features)
        loss = self.compute_loss(outputs, targets)
        if self._processes > 1:
            loss = loss * self._share(len(targets))
        penalty = self.penalty(self._weights)
        if isinstance(penalty, Tensor):  # to add a 0 would cost a node of the graph
            loss = loss + penalty
        return {"loss": loss, "outputs": outputs.detach()}

    def _share(self, rows: int) -> float:
        """What this process's mean loss counts for, since theirs are averaged."""
        counted = torch.tensor(rows, device=self.device)
        self._rows = int(self.trainer.strategy.reduce(counted, reduce_op="sum"))
        return rows * self._processes / self._rows

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        # Not in training_step, which L-BFGS calls several times an iteration.
        state = self.epoch_state
        state.batches["train"].append((outputs["outputs"], batch[1]))
        state.samples += self._rows if self._processes > 1 else len(batch[1])

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self._see("val", batch)

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        self._see(self._tested_splits()[dataloader_idx], batch)

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        return self.to_predictions(self(batch[0]))

    def on_train_epoch_start(self) -> None:
        # Those of the first iteration: after the last one the scheduler has stepped.
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
            # Not a point of the curves: litmlp.engine.run.train logs what is new in it.
            self.trainer.callback_metrics.update(self._summarize(split))

    def position(self, *, epochs: int) -> Position:
        """The current position of the training, after ``epochs`` epochs."""
        step, samples = self.trainer.global_step, self.epoch_state.samples
        return Position(step=step, epoch=epochs, samples=samples)

    def report(self, values: Mapping[str, Tensor], at: Position | None = None) -> None:
        """Log an epoch's values by tag.

        Like ``log_dict``, whose bookkeeping for values of single batches would cost a
        small network an eighth of its epoch.

        Args:
            values: scalar tensors.
            at: by default, the end of the epoch that is under way.
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
        if state := checkpoint.get("epoch_state"):  # best weights come without
            self.epoch_state.load_state_dict(state)
        self._loaded_metrics = checkpoint.get("metrics", {})

    def configure_optimizers(self) -> OptimizerLRScheduler:
        self._weights = [p for p in self.network.parameters() if p.ndim >= 2]
        optimizer = self.optimizer(self.parameters())
        schedule = self.scheduler.configured(optimizer, self)
        made = {"optimizer": optimizer, "lr_scheduler": schedule}
        return cast(OptimizerLRScheduler, made)

    def _see(self, split: str, batch: Batch) -> None:
        features, targets = batch
        self.epoch_state.batches[split].append((self(features), targets))

    def _summarize(self, split: str) -> dict[str, Tensor]:
        """Loss and metrics of all batches seen, by tag; forgets the batches."""
        seen = self.epoch_state.batches.pop(split, [])
        measured = self.measured.pop(split, None)
        if measured is None:
            measured = self.measure(*map(torch.cat, zip(*seen, strict=True)))
        return {f"{name}/{split}": value for name, value in measured.items()}

    def _tested_splits(self) -> list[str]:
        """The names of the loaders being tested, when they are given as a dict."""
        loaders = self.trainer.test_dataloaders
        return list(loaders) if isinstance(loaders, dict) else ["test"]

    def __setattr__(self, name: str, value: Any) -> None:
        # Lightning sets the name of the running hook some 40 times per step; without
        # torch's search for parameters an epoch of a small network is a tenth shorter.
        if name == "_current_fx_name":
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)
