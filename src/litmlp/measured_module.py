"""Loss and metrics of each epoch, measured on all its outputs and reported."""

import math
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torchmetrics import MeanMetric, Metric, MetricCollection

from litmlp.ensemble import Ensemble
from litmlp.errors import UserError
from litmlp.loadable_module import LoadableModule
from litmlp.losses import Takes
from litmlp.training_state import Batch, EpochState, Position, parts_of


class MeasuredModule(LoadableModule):
    """Measures a network once per epoch, and reports to the loggers.

    All outputs of an epoch are kept until its end: metrics such as AUROC are none of
    single batches. A subclass defines what the loss compares, and what a prediction is.

    Args:
        network: any module [batch, features] → [batch, outputs], or an ensemble.
        encoding: numbers and codes → features of the network.
        metrics: torchmetrics by the name of their tag: ``accuracy`` → ``accuracy/val``.
    """

    takes: Takes

    def __init__(
        self, *, network: nn.Module, encoding: nn.Module, metrics: Mapping[str, Metric]
    ) -> None:
        super().__init__()
        self.network = network
        self.encoding = encoding
        self.metrics = MetricCollection(dict(metrics))
        self.metric_names = ["loss", *metrics]
        self.mean_loss = MeanMetric(nan_strategy=math.nan)  # a NaN must show
        self.average: dict[str, Tensor] = {}
        """Averaged parameters by name, which are validated instead of the newest."""
        self.epoch_state = EpochState()
        self.measured: dict[str, dict[str, Tensor]] = {}
        """Metrics of an epoch per split that were computed elsewhere, by name."""

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

    def to_columns(self, outputs: Tensor) -> Tensor:
        """Return the numbers of a table of predictions, for raw outputs."""
        return self.to_predictions(outputs)

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

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self._keep_outputs("val", batch, self.average)

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        self._keep_outputs(self._tested_splits()[dataloader_idx], batch)

    def on_validation_epoch_end(self) -> None:
        self.report(self._summarize("val"))

    def on_test_epoch_end(self) -> None:
        for split in self._tested_splits():
            # No point of the curves: they are logged when the run is recorded.
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

    def _keep_outputs(
        self, split: str, batch: Batch, average: dict[str, Tensor] | None = None
    ) -> None:
        features, _, _, folds = parts_of(batch)
        if average:
            outputs = functional_call(self, average, (features, folds))
        else:
            outputs = self(features, folds)
        self.epoch_state.keep(split, (outputs, *batch[1:]))

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

    def _tested_splits(self) -> list[str]:
        """Return the names of the loaders that are tested."""
        loaders = self.trainer.test_dataloaders
        return list(loaders) if isinstance(loaders, dict) else ["test"]
