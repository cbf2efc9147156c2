"""Learning-rate schedules that torch lacks, and the time at which a schedule steps."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from lightning.pytorch import LightningModule, Trainer
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from litmlp.errors import UserError

TOTAL = "total"
"""The argument of a schedule that stands for the length of the run's budget."""

RATES = ("base_lr", "max_lr")
"""Arguments of torch's schedules that replace the learning rate of the optimizer."""


@dataclass(kw_only=True, frozen=True)
class Schedule:
    """A factory of schedulers, and when to step them.

    Args:
        factory: makes the scheduler of an optimizer; arguments of a
            ``functools.partial`` that are ``TOTAL`` become the number of intervals in
            the budget.
        interval: whether it steps after every ``epoch`` or every ``step``.
        monitor: the metric that a plateau scheduler watches.
    """

    factory: Callable[..., LRScheduler]
    interval: Literal["epoch", "step"] = "epoch"
    monitor: str | None = None

    def __post_init__(self) -> None:
        if self.interval not in ("epoch", "step"):
            raise UserError(
                f"scheduler.interval={self.interval}: allowed are epoch and step"
            )
        if self.monitor and self.interval == "step":
            raise UserError(
                f"scheduler.interval=step: {self.monitor} is known once per epoch, so "
                "this scheduler needs scheduler.interval=epoch"
            )

    @property
    def needs_total(self) -> bool:
        """Whether the schedule depends on the length of the budget."""
        return TOTAL in getattr(self.factory, "keywords", {}).values()

    def make(self, optimizer: Optimizer, *, total: int | None) -> LRScheduler:
        """Make the scheduler for a budget of ``total`` intervals (None: unknown).

        Raises:
            UserError: the schedule needs the total and there is none.
        """
        keywords = getattr(self.factory, "keywords", {})
        changed: dict[str, Any] = {
            name: [keywords[name] * factor for factor in rate_factors(optimizer)]
            for name in RATES
            if isinstance(keywords.get(name), int | float)
        }
        if self.needs_total and total is None:
            raise UserError(
                "this scheduler needs the length of the run, which a time budget does "
                "not say: give trainer.max_epochs or trainer.max_steps as well, or "
                "choose scheduler=constant"
            )
        for name in keywords:
            if keywords[name] == TOTAL:
                changed[name] = max(1, total or 0)
        return self.factory(optimizer, **changed)

    def configured(
        self, optimizer: Optimizer, model: LightningModule
    ) -> dict[str, Any]:
        """Return the scheduler in the form that ``configure_optimizers`` returns.

        Args:
            optimizer: of the model.
            model: its Trainer has the budget.
        """
        total = self._intervals(model.trainer) if self.needs_total else None
        validated = (self.monitor or "").endswith("/val")
        return {
            "scheduler": self.make(optimizer, total=total),
            "interval": self.interval,
            "monitor": self.monitor,
            # Epochs without validation have no value for a plateau scheduler.
            "frequency": model.trainer.check_val_every_n_epoch or 1 if validated else 1,
        }

    def _intervals(self, trainer: Trainer) -> int | None:
        """Return the epochs or steps in the budget; None if only time limits it."""
        steps = trainer.estimated_stepping_batches
        if steps == float("inf"):
            return None
        if self.interval == "step":
            return int(steps)
        trainer.fit_loop.setup_data()  # counts the batches, if not done yet
        batches = trainer.num_training_batches
        steps_per_epoch = math.ceil(batches / trainer.accumulate_grad_batches)
        return math.ceil(steps / steps_per_epoch)


def rate_factors(optimizer: Optimizer) -> list[float]:
    """Return the learning rate of each group as a multiple of the optimizer's own."""
    own = float(optimizer.defaults["lr"])
    return [
        float(group["lr"]) / own if own else 1.0 for group in optimizer.param_groups
    ]


def warmup_cosine(
    optimizer: Optimizer,
    *,
    total_steps: int,
    warmup_share: float = 0.05,
    eta_min: float = 0.0,
) -> LambdaLR:
    """Make a schedule: a straight line up to lr, then half a cosine down to eta_min.

    Step k of the warm-up, from 0, has the fraction (k + 1) / (warm-up steps + 1) of lr.

    Source: Goyal et al. 2017, https://arxiv.org/abs/1706.02677

    Args:
        optimizer: its learning rate is the peak.
        total_steps: intervals in the whole budget.
        warmup_share: fraction of the budget that goes up.
        eta_min: the last learning rate, in the units of lr.
    """
    if not 0 <= warmup_share < 1:
        raise UserError(f"warmup_share must lie in [0, 1), got {warmup_share}")
    warmup_steps = round(warmup_share * total_steps)

    def factor(step: int, floor: float) -> float:
        if step < warmup_steps:
            return (step + 1) / (warmup_steps + 1)
        progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
        cosine = (1 + math.cos(math.pi * min(1.0, progress))) / 2
        return floor + (1 - floor) * cosine

    rates = [float(group["lr"]) for group in optimizer.param_groups]
    floors = [eta_min / rate if rate else 0.0 for rate in rates]
    return LambdaLR(optimizer, [partial(factor, floor=floor) for floor in floors])
