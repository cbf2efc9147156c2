"""How far a run is: a bar in a terminal, a few lines elsewhere and in the log."""

import math
import time
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Timer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from litmlp.console import console, log


class Progress(Callback):
    """Shows epoch, training loss and the monitored metric.

    Args:
        monitor: tag of the metric to show beside ``loss/train``.
        every_share: a plain line after each such share of the budget.
    """

    def __init__(self, *, monitor: str, every_share: float = 0.1) -> None:
        self.tags = list(dict.fromkeys(["loss/train", monitor]))
        self.every_share = every_share
        self._bar: Bar | None = None

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        self._next_line = 0.0
        self._refreshed = 0.0
        if console.is_terminal and trainer.is_global_zero:
            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=Console(),  # its own: it shows in a sweep, too
                refresh_per_second=4,
                transient=True,
            )
            self._task = self._bar.add_task("epoch 1", total=1.0)
            self._bar.start()

    def on_train_batch_end(
        self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any, i: int
    ) -> None:
        if self._bar and time.monotonic() - self._refreshed > 0.25:
            self._refreshed = time.monotonic()
            self._bar.update(self._task, completed=share_done(trainer, i + 1))

    def on_train_epoch_start(self, trainer: Trainer, model: LightningModule) -> None:
        # Metrics of the epoch before are complete only now.
        if trainer.current_epoch:
            self._report(trainer, trainer.current_epoch, share_done(trainer, 0))

    def on_train_end(self, trainer: Trainer, model: LightningModule) -> None:
        self._report(trainer, trainer.current_epoch, 1.0)
        self._stop()

    def on_exception(
        self, trainer: Trainer, model: LightningModule, exception: BaseException
    ) -> None:
        self._stop()

    def _report(self, trainer: Trainer, epoch: int, share: float) -> None:
        limit = f"/{trainer.max_epochs}" if (trainer.max_epochs or -1) > 0 else ""
        values = [
            f"{tag} {float(trainer.callback_metrics[tag]):.4g}"
            for tag in self.tags
            if tag in trainer.callback_metrics
        ]
        line = "  ".join([f"epoch {epoch}{limit}", *values])
        if self._bar:
            self._bar.update(self._task, description=line, completed=share)
        if share >= self._next_line and trainer.is_global_zero:
            self._next_line = (
                math.floor(share / self.every_share) + 1
            ) * self.every_share
            log.info(line)
            if not self._bar:
                console.print(line)

    def _stop(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None


def share_done(trainer: Trainer, batch: int) -> float:
    """How much of the budget is used up, by whichever limit comes first."""
    shares = [0.0]
    if trainer.max_epochs and trainer.max_epochs > 0:
        epochs = trainer.current_epoch + batch / max(
            1, int(trainer.num_training_batches)
        )
        shares.append(epochs / trainer.max_epochs)
    if trainer.max_steps > 0:
        shares.append(trainer.global_step / trainer.max_steps)
    for timer in trainer.callbacks:  # type: ignore[attr-defined]  # set by Lightning, not declared
        if isinstance(timer, Timer) and (left := timer.time_remaining()) is not None:
            shares.append(timer.time_elapsed() / max(timer.time_elapsed() + left, 1e-9))
    return min(1.0, max(shares))
