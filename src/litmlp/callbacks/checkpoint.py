"""The two checkpoints of a run: the best weights and the last state."""

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import lightning
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from torch import Tensor

from litmlp.errors import UserError


class BestAndLast(Checkpoint):
    """Keeps ``best.ckpt`` (weights) and ``last.ckpt`` (everything, to resume from).

    The best weights wait in memory and both files are written now and then, when the
    fit ends and when it breaks off: an epoch of a small network takes less time than a
    file. Both load with ``torch.load(weights_only=True)``.

    Args:
        folder: where the two files go.
        monitor: the tag of the metric that decides, ``loss/val``.
        mode: whether its ``min`` or ``max`` is best.
        every_seconds: the longest time between two writes, checked after each epoch.
    """

    def __init__(
        self,
        *,
        folder: str,
        monitor: str,
        mode: Literal["min", "max"],
        every_seconds: float = 30,
    ) -> None:
        if every_seconds <= 0:
            raise UserError(f"every_seconds={every_seconds}: must be positive")
        self.folder = Path(folder)
        self.monitor = monitor
        self.mode = mode
        self.every_seconds = every_seconds
        self.best_value = math.nan
        self.best_epoch = 0
        self._best: dict[str, Tensor] = {}
        self._started = False

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        self._started = True
        self._written = time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any, i: int
    ) -> None:
        if trainer.max_steps > -1 and trainer.global_step >= trainer.max_steps:
            # Lightning leaves an epoch cut short by max_steps without validation.
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        value = float(trainer.callback_metrics.get(self.monitor, math.nan))
        if self._improves(value):
            self._take(value, trainer.current_epoch + 1, model)
        if time.monotonic() - self._written >= self.every_seconds:
            self._write(trainer)

    def on_fit_end(self, trainer: Trainer, model: LightningModule) -> None:
        if math.isnan(self.best_value):  # not one epoch with a finite value
            self._take(math.nan, trainer.current_epoch, model)
        self._write(trainer)

    def on_exception(
        self, trainer: Trainer, model: LightningModule, exception: BaseException
    ) -> None:
        if self._started:
            self._write(trainer)

    def state_dict(self) -> dict[str, Any]:
        return {"best_value": self.best_value, "best_epoch": self.best_epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best_value, self.best_epoch = state["best_value"], state["best_epoch"]

    def _improves(self, value: float) -> bool:
        if math.isnan(self.best_value):
            return math.isfinite(value)
        sign = 1 if self.mode == "max" else -1
        return sign * value > sign * self.best_value

    def _take(self, value: float, epoch: int, model: LightningModule) -> None:
        self.best_value, self.best_epoch = value, epoch
        self._best = {
            name: tensor.detach().clone() for name, tensor in model.state_dict().items()
        }

    def _write(self, trainer: Trainer) -> None:
        for logger in trainer.loggers:
            getattr(logger, "flush", logger.save)()
        if trainer.is_global_zero:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self._best:
                best = {
                    "state_dict": self._best,
                    "epoch": self.best_epoch,
                    "monitor": self.monitor,
                    "value": self.best_value,
                    "facts": getattr(trainer.datamodule, "facts", {}),  # type: ignore[attr-defined]  # set by Lightning, not declared
                    "pytorch-lightning_version": lightning.__version__,
                }
                replace(self.folder / "best.ckpt", lambda path: torch.save(best, path))
        replace(self.folder / "last.ckpt", trainer.save_checkpoint)
        self._best = {}
        self._written = time.monotonic()


def replace(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file beside ``path`` and move it there: it is never half-written."""
    partial = path.with_suffix(".partial")
    write(partial)
    if partial.exists():  # only one process of several writes
        os.replace(partial, path)
