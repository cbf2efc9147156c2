"""How far a run is: a bar in a terminal, a few lines elsewhere and in the log."""

import math
import time
from contextlib import ExitStack
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Timer
from rich.progress import Progress as Bars

from litmlp.engine.terminal.console import console, log, show
from litmlp.engine.terminal.progress_bars import bars


class Milestones:
    """Tells when a plain line is due: at the start, and after each part of the work.

    Args:
        every_share: such a part, of 1.
    """

    def __init__(self, every_share: float) -> None:
        self.every_share = every_share
        self._passed = -1

    def is_passed(self, share: float) -> bool:
        """Whether one is, at so much of the work, since the last time it was."""
        passed = math.floor(share / self.every_share + 1e-9)  # 0.3 / 0.1 is below 3
        before, self._passed = self._passed, max(passed, self._passed)
        return passed > before


class Progress(Callback):
    """Shows epoch, training loss and the monitored metric.

    Args:
        monitor: tag of the metric to show beside ``loss/train``.
        every_share: a plain line after each such share of the budget.
    """

    def __init__(self, *, monitor: str, every_share: float = 0.1) -> None:
        self.tags = list(dict.fromkeys(["loss/train", monitor]))
        self.every_share = every_share
        self.has_bar = True
        """Whether a terminal shows one: not of a run that is trained with others."""
        self._bars: Bars | None = None
        self._open = ExitStack()

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        self._milestones = Milestones(self.every_share)
        self._refreshed = 0.0
        if self.has_bar and console.is_terminal and trainer.is_global_zero:
            self._bars = self._open.enter_context(bars())
            self._task = self._bars.add_task("epoch 1", total=1.0)

    def on_train_batch_end(
        self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any, i: int
    ) -> None:
        if self._bars and time.monotonic() - self._refreshed > 0.25:
            self._refreshed = time.monotonic()
            self._bars.update(self._task, completed=share_done(trainer, i + 1))

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
        if self._bars:
            self._bars.update(self._task, description=line, completed=share)
        if trainer.is_global_zero and self._milestones.is_passed(share):
            if self._bars:
                log.info(line)
            else:
                show(line)

    def _stop(self) -> None:
        if self._bars:
            self._bars.remove_task(self._task)
            self._bars = None
            self._open.close()


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
