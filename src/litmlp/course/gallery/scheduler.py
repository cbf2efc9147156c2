"""Schedulers: the learning rate over a budget, without training."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from litmlp.course.gallery.labels import digits, jumps
from litmlp.engine.figures.style import COLORS, new_figure
from litmlp.schedulers import Schedule

EPOCHS, BATCHES = 200, 5
"""The budget: epochs, and iterations per epoch."""
UNIT = {"epoch": "epoch", "step": "iteration"}
MARKS = 12
"""More jumps than these have no numbers."""


@dataclass(frozen=True)
class Curve:
    """A learning rate in each epoch, or each iteration, of the budget."""

    rates: Tensor  # [EPOCHS] or [EPOCHS · BATCHES]
    interval: Literal["epoch", "step"]
    metric: Tensor | None  # invented [EPOCHS], for a schedule that watches a metric


def measure(
    schedule: Schedule, make_optimizer: Callable[[list[nn.Parameter]], Optimizer]
) -> Curve:
    """Measure the rate in every interval, from the optimizer's own learning rate."""
    optimizer = make_optimizer([nn.Parameter(torch.zeros(1))])
    total = EPOCHS if schedule.interval == "epoch" else EPOCHS * BATCHES
    scheduler = schedule.make(optimizer, total=total)
    metric = None
    if isinstance(scheduler, ReduceLROnPlateau):
        metric = made_up_metric(scheduler.mode)
    rates = []
    for interval in range(total):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if metric is None:
            scheduler.step()
        else:
            scheduler.step(float(metric[interval]))  # type: ignore[arg-type]
    return Curve(torch.tensor(rates, dtype=torch.float64), schedule.interval, metric)


def made_up_metric(mode: str) -> Tensor:
    """Return a metric [EPOCHS] that improves for 40 epochs, then rests for 40."""
    epochs = torch.arange(EPOCHS)
    better = epochs.clamp(max=40) + (epochs - 80).clamp(0, 40)
    loss = 1 - better / 100
    return loss if mode == "min" else 1 - loss


def draw(curve: Curve) -> Figure:
    """Draw the rate over epochs or iterations, with its jumps marked."""
    rates, unit = curve.rates, UNIT[curve.interval]
    watches = curve.metric is not None
    figure, axes = new_figure(1 + watches, width=8.4, height=2.6 if watches else 3.6)
    axes[0].stairs(rates.tolist(), baseline=None, color=COLORS[0], lw=2)
    axes[0].set_xlim(0, len(rates))
    axes[0].set_ylim(bottom=0)
    mark(axes[0], jumps(rates).tolist())
    first, peak, last = (
        digits(float(rate)) for rate in (rates[0], rates.max(), rates[-1])
    )
    axes[0].set_title(
        f"starts at {first}, peaks at {peak} in {unit} {rates.argmax()}, ends at {last}"
    )
    axes[0].set_ylabel("learning rate")
    if curve.metric is not None:
        axes[1].plot(curve.metric, color=COLORS[1], lw=2)
        axes[1].set_title("the metric that it watches, made up for this picture")
        axes[1].set(xlim=(0, EPOCHS), ylabel="metric")
    axes[-1].set_xlabel(
        f"{unit} (the budget: {EPOCHS} epochs of {BATCHES} iterations, "
        f"{EPOCHS * BATCHES} iterations in all)"
    )
    return figure


def mark(panel: Axes, intervals: list[int]) -> None:
    """Draw dotted lines, with numbers above the curve if there is room."""
    panel.set_ylim(top=1.15 * panel.get_ylim()[1])
    for interval in intervals:
        panel.axvline(interval, color="0.4", ls=":", lw=1)
        if len(intervals) <= MARKS:
            at = (interval, panel.get_ylim()[1])
            panel.annotate(f" {interval}", at, va="top", size=9, color="0.3")
