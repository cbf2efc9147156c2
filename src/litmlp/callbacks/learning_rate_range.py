"""A range test, which suggests a learning rate before the first step."""

import io
import math
from collections.abc import Sequence
from contextlib import redirect_stderr
from pathlib import Path
from typing import cast

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import LearningRateFinder

from litmlp.callbacks.publish_figure import publish
from litmlp.engine.figures.style import COLORS, new_figure
from litmlp.engine.terminal.console import show
from litmlp.supervised import Supervised


class LearningRateRange(Callback):
    """Raises the learning rate step by step until the loss explodes, and suggests one.

    The test is Lightning's (https://arxiv.org/abs/1506.01186). The run then starts from
    its first weights with the rate of its config, and has the same bits as without.

    Args:
        folder: of the picture.
        min_lr, max_lr: the range.
        num_training_steps: the number of rates.
    """

    def __init__(
        self,
        *,
        folder: str,
        min_lr: float = 1e-6,
        max_lr: float = 1.0,
        num_training_steps: int = 100,
    ) -> None:
        self.folder = Path(folder)
        self.finder = LearningRateFinder(
            min_lr, max_lr, num_training_steps, update_attr=False
        )

    def on_fit_start(self, trainer: Trainer, model: LightningModule) -> None:
        if trainer.ckpt_path:  # the run goes on: the test was at its beginning
            return
        limit, trainer.fit_loop.max_epochs = trainer.max_epochs, -1
        with redirect_stderr(io.StringIO()):  # of another progress bar
            self.finder.lr_find(trainer, model)
        trainer.fit_loop.max_epochs = limit
        if (result := self.finder.optimal_lr) is None:  # of trainer.fast_dev_run
            return
        points = sound_points(result.results["lr"], result.results["loss"])
        if (rate := suggestion(points)) is None:
            show("range test   the loss falls at none of the rates: try other ones")
            return
        show(f"range test   suggests optimizer.lr={rate:.1e}")
        figure, (axes,) = new_figure(width=6.0)
        axes.semilogx([rate for rate, _ in points], [loss for _, loss in points])
        axes.axvline(rate, color=COLORS[1])
        axes.set(xlabel="learning rate", ylabel="loss, moving average")
        axes.set_title(f"range test suggests optimizer.lr={rate:.1e}")
        position = cast(Supervised, model).position(epochs=0)
        publish(trainer, self.folder, "learning_rate_range", figure, position)


Points = Sequence[tuple[float, float]]  # pairs of a learning rate and its loss


def sound_points(rates: Sequence[float], losses: Sequence[float]) -> Points:
    """Return finite losses without the first third, where their average is near 0."""
    points = [p for p in zip(rates, losses, strict=True) if math.isfinite(p[1])]
    return points[len(points) // 3 :]


def suggestion(points: Points) -> float | None:
    """Return a tenth of the rate with the smallest loss, or None if no loss falls.

    Lightning's own rule, the steepest slope, suggested rates down to 5e-6 for the
    bundled data.
    """
    best = min(points, key=lambda point: point[1], default=None)
    return best[0] / 10 if best and best != points[0] else None
