"""The progress of a run: a bar in a terminal, some lines elsewhere and in the log."""

import math
import time
from contextlib import ExitStack
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Timer
from rich.progress import Progress as Bars

from litmlp.engine.terminal.console import log, show
from litmlp.engine.terminal.progress_bars import bars, can_show_bars


class Milestones:
    """Says when a plain line is due: at the start, and after each part of the work."""

    def __init__(self, part: float) -> None:
        self.part = part
        self._passed = -1

    def is_passed(self, fraction: float) -> bool:
        """Return whether a line is due at this fraction of the work."""
        passed = math.floor(fraction / self.part + 1e-9)  # 0.3 / 0.1 is below 3
        before, self._passed = self._passed, max(passed, self._passed)
        return passed > before


class Progress(Callback):
    """Shows epoch, training loss and the monitored metric.

    Args:
        monitor: tag of the metric to show beside ``loss/train``.
        every_share: the fraction of the budget after which a plain line is printed.
    """

    def __init__(self, *, monitor: str, every_share: float = 0.1) -> None:
        self.tags = list(dict.fromkeys(["loss/train", monitor]))
        self.every_share = every_share
        self.has_bar = True
        """Whether a terminal shows a bar; a run of a group has none."""
        self._bars: Bars | None = None
        self._open = ExitStack()

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        self._milestones = Milestones(self.every_share)
        self._refreshed = 0.0
        if self.has_bar and can_show_bars() and trainer.is_global_zero:
            self._bars = self._open.enter_context(bars())
            self._task = self._bars.add_task("epoch 1", total=1.0)

    def on_train_batch_end(
        self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any, i: int
    ) -> None:
        if self._bars and time.monotonic() - self._refreshed > 0.25:
            self._refreshed = time.monotonic()
            self._bars.update(self._task, completed=fraction_done(trainer, i + 1))

    def on_train_epoch_start(self, trainer: Trainer, model: LightningModule) -> None:
        # The metrics of the epoch before are complete only now.
        if trainer.current_epoch:
            self._report(trainer, trainer.current_epoch, fraction_done(trainer, 0))

    def on_train_end(self, trainer: Trainer, model: LightningModule) -> None:
        self._report(trainer, trainer.current_epoch, 1.0)
        self._stop()

    def on_exception(
        self, trainer: Trainer, model: LightningModule, exception: BaseException
    ) -> None:
        self._stop()

    def _report(self, trainer: Trainer, epoch: int, fraction: float) -> None:
        limit = f"/{trainer.max_epochs}" if (trainer.max_epochs or -1) > 0 else ""
        metrics = trainer.callback_metrics
        values = [f"{t} {float(metrics[t]):.4g}" for t in self.tags if t in metrics]
        line = "  ".join([f"epoch {epoch}{limit}", *values])
        if self._bars:
            self._bars.update(self._task, description=line, completed=fraction)
        if trainer.is_global_zero and self._milestones.is_passed(fraction):
            if self._bars:
                log.info(line)
            else:
                show(line)

    def _stop(self) -> None:
        if self._bars:
            self._bars.remove_task(self._task)
            self._bars = None
            self._open.close()


def fraction_done(trainer: Trainer, batch: int) -> float:
    """Return the used fraction of the budget, by the limit that comes first."""
    fractions = [0.0]
    if trainer.max_epochs and trainer.max_epochs > 0:
        batches = max(1, int(trainer.num_training_batches))
        epochs = trainer.current_epoch + batch / batches
        fractions.append(epochs / trainer.max_epochs)
    if trainer.max_steps > 0:
        fractions.append(trainer.global_step / trainer.max_steps)
    for timer in trainer.callbacks:  # type: ignore[attr-defined]  # set by Lightning, not declared
        if isinstance(timer, Timer) and (left := timer.time_remaining()) is not None:
            used = timer.time_elapsed()
            fractions.append(used / max(used + left, 1e-9))
    return min(1.0, max(fractions))
