"""Checkpoints of a run: its best weights and its last state."""

import math
import time
from pathlib import Path
from typing import Any, Literal, cast

import lightning
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.loggers.logger import DummyLogger
from lightning.pytorch.utilities.exceptions import SIGTERMException

from litmlp.engine.folder import checkpoints
from litmlp.engine.folder.atomic_files import replace
from litmlp.engine.process import random_state, signals
from litmlp.engine.process.lightning_internals import (
    between_batches,
    between_epochs,
    end_restart,
    set_at_rest,
)
from litmlp.errors import UserError
from litmlp.supervised import Supervised


class BestAndLast(Checkpoint):
    """Keeps ``best.ckpt`` (weights) and ``last.ckpt`` (everything, to resume from).

    An epoch of a small network takes less time than a file: the best weights stay in
    memory, and the files are written at intervals, when the fit ends and when it is
    interrupted. They load with ``torch.load(weights_only=True)``. ``last.ckpt`` is
    written between two batches, when nothing is under way: a fit that goes on from it
    gives the same bits as a fit without interruption.

    Args:
        folder: of the files; None keeps the best weights in memory alone.
        monitor: the tag of the metric that decides, such as ``loss/val``.
        mode: whether the ``min`` or the ``max`` of the metric is best.
        every_seconds: the longest time between two writes; None for no limit.
        every_iterations: the largest number of steps between two writes, or None.
        every_epochs: the number of epochs between two writes, or None.
    """

    def __init__(
        self,
        *,
        folder: str | None,
        monitor: str,
        mode: Literal["min", "max"],
        every_seconds: float | None = 30,
        every_iterations: int | None = None,
        every_epochs: int | None = None,
    ) -> None:
        for name, value in (
            ("every_seconds", every_seconds),
            ("every_iterations", every_iterations),
            ("every_epochs", every_epochs),
        ):
            if value is not None and value <= 0:
                raise UserError(f"{name}={value}: must be positive, or null")
        self.folder = None if folder is None else Path(folder)
        self.monitor = monitor
        self.mode = mode
        self.every_seconds = math.inf if every_seconds is None else every_seconds
        self.every_iterations = every_iterations
        self.every_epochs = every_epochs
        self.best: checkpoints.Checkpoint = {}
        self._best_is_written = False
        self._stopped_early = False
        self._processes: list[dict[str, Any]] = []
        self._began = time.monotonic()
        self._written_step: float = math.inf  # until training starts

    @property
    def best_value(self) -> float:
        """The monitored metric of the best epoch so far; NaN before there is one."""
        return float(self.best.get("value", math.nan))

    def setup(self, trainer: Trainer, model: LightningModule, stage: str) -> None:
        trainer.strategy.checkpoint_io = checkpoints.WholeFiles()
        self._processes = []

    def on_fit_start(self, trainer: Trainer, model: LightningModule) -> None:
        if self.folder and trainer.is_global_zero:
            self.folder.mkdir(parents=True, exist_ok=True)
        if self._stopped_early:
            trainer.should_stop = True

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        if self._processes:
            random_state.restore_own(self._processes, trainer, cast(Supervised, model))
            self._processes = []
        self._note_time(trainer)

    def on_train_batch_start(
        self, trainer: Trainer, model: LightningModule, batch: Any, i: int
    ) -> None:
        waits = signals.Received.waits  # a signal that comes later waits for its write
        self.write_if_due(trainer, i)
        if waits:
            signals.raise_deferred()

    def write_if_due(self, trainer: Trainer, i: int) -> None:
        """Write before a batch if the interval is over, or if a signal waits for it."""
        if self._is_due(trainer, i):
            self._write(trainer)

    def on_train_batch_end(
        self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any, i: int
    ) -> None:
        if trainer.max_steps > -1 and trainer.global_step >= trainer.max_steps:
            # Lightning leaves an epoch cut short by max_steps without validation.
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        end_restart(trainer)
        value = float(trainer.callback_metrics.get(self.monitor, math.nan))
        if self._improves(value):
            self._take(value, trainer.current_epoch + 1, trainer, model)

    def on_train_end(self, trainer: Trainer, model: LightningModule) -> None:
        callbacks = trainer.callbacks  # type: ignore[attr-defined]  # set by Lightning, not declared
        self._stopped_early = any(getattr(c, "stopped_epoch", 0) for c in callbacks)
        if math.isnan(self.best_value):  # no epoch has a finite value
            self._take(math.nan, trainer.current_epoch, trainer, model)
        self._write(trainer)

    def on_fit_end(self, trainer: Trainer, model: LightningModule) -> None:
        if not self.best:  # the budget was empty
            self._take(math.nan, trainer.current_epoch, trainer, model)
            self._write(trainer)
        self._write_best(trainer)

    def on_exception(
        self, trainer: Trainer, model: LightningModule, exception: BaseException
    ) -> None:
        is_new = trainer.global_step > self._written_step  # and the fit is restored
        if isinstance(exception, OSError) or not is_new:
            return  # writing may have caused the error
        ended = isinstance(exception, SIGTERMException) and not trainer.fit_loop.done
        if between_batches(trainer) or (ended and between_epochs(trainer)):
            self._write(trainer)
        else:  # a batch is under way, which no file can hold: last.ckpt stays
            self._write_best(trainer)

    def on_save_checkpoint(
        self, trainer: Trainer, model: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        checkpoint["format"] = checkpoints.FORMAT
        checkpoint["processes"] = random_state.gather(trainer, cast(Supervised, model))
        checkpoint["seconds"] = time.monotonic() - self._began
        checkpoint["logs"] = {
            type(logger).__name__: logger.position()
            for logger in trainer.loggers
            if hasattr(logger, "position") and not isinstance(logger, DummyLogger)
        }
        set_at_rest(checkpoint["loops"]["fit_loop"], trainer)

    def on_load_checkpoint(
        self, trainer: Trainer, model: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        self._processes = checkpoint.get("processes", [])
        self._began = time.monotonic() - checkpoint.get("seconds", 0.0)

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "stopped_early": self._stopped_early}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self._stopped_early = state["best"], state["stopped_early"]

    def _is_due(self, trainer: Trainer, i: int) -> bool:
        due = time.monotonic() - self._written >= self.every_seconds
        due = due or signals.Received.waits
        if self.every_iterations:
            done = trainer.global_step - self._written_step
            due = due or done >= self.every_iterations
        if self.every_epochs and i == 0:
            done = trainer.current_epoch - self._written_epoch
            due = due or done >= self.every_epochs
        if trainer.world_size > 1:  # clocks differ, and all processes write together
            due = trainer.strategy.reduce_boolean_decision(due, all=False)
        # A checkpoint does not hold gradients that are being accumulated.
        return due and i % trainer.accumulate_grad_batches == 0

    def _improves(self, value: float) -> bool:
        if math.isnan(self.best_value):
            return math.isfinite(value)
        sign = 1 if self.mode == "max" else -1
        return sign * value > sign * self.best_value

    def _take(
        self, value: float, epoch: int, trainer: Trainer, model: LightningModule
    ) -> None:
        weights = model.state_dict() | cast(Supervised, model).average
        self.best = {
            "state_dict": {
                name: value.detach().clone() for name, value in weights.items()
            },
            "epoch": epoch,
            "monitor": self.monitor,
            "value": value,
            "description": cast(Supervised, model).description,
            "facts": getattr(trainer.datamodule, "facts", {}),  # type: ignore[attr-defined]  # set by Lightning, not declared
            "format": checkpoints.FORMAT,
            "pytorch-lightning_version": lightning.__version__,
        }
        self._best_is_written = False

    def _write(self, trainer: Trainer) -> None:
        if self.folder is None:
            return
        for logger in trainer.loggers:
            getattr(logger, "flush", logger.save)()
        self._write_best(trainer)
        fresh = self.folder / checkpoints.FRESH
        trainer.save_checkpoint(fresh)
        if trainer.is_global_zero:
            checkpoints.promote(fresh)
        self._note_time(trainer)

    def _write_best(self, trainer: Trainer) -> None:
        due = self.best and not self._best_is_written
        if self.folder and due and trainer.is_global_zero:
            best = self.folder / checkpoints.BEST
            replace(best, lambda path: checkpoints.write(self.best, path))
        self._best_is_written = True

    def _note_time(self, trainer: Trainer) -> None:
        self._written = time.monotonic()
        self._written_step = trainer.global_step
        self._written_epoch = trainer.current_epoch
