"""Pictures of a regressor: its predictions and residuals.

Each function takes true values [N, targets], finite predictions [N, targets] and the
targets' names, with N of 1 or more.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn import metrics
from torch import Tensor

from litmlp.engine.figures.style import (
    COLORS,
    SEQUENTIAL,
    as_label,
    new_figure,
)

MOST_POINTS = 3000
"""More points are drawn as a map of their density."""
MOST_TARGETS = 12
"""More targets have no panel."""

Numbers = NDArray[np.float64]
Limits = tuple[float, float]


def predicted_vs_true(
    targets: Tensor, predictions: Tensor, target_names: Sequence[str]
) -> Figure:
    """Draw one panel per target: prediction against true value of each row."""
    panels = list(each_target(targets, predictions, target_names))
    across = min(len(panels), 4)
    down = -(-len(panels) // across)
    figure, axes = new_figure(down, across, width=4.5, height=4)
    note_left_out(figure, target_names)
    for unused in axes[len(panels) :]:
        unused.remove()
    for panel, (name, true, predicted) in zip(axes, panels, strict=False):
        limits = limits_of(true, predicted)
        draw_points(panel, true, predicted, limits, limits)
        panel.plot(limits, limits, color="gray", linestyle=":")
        panel.set(aspect="equal", xlabel=f"true {name}", ylabel=f"predicted {name}")
        panel.set_title(", ".join(scores(true, predicted)), loc="left")
    return figure


def residuals(
    targets: Tensor, predictions: Tensor, target_names: Sequence[str]
) -> Figure:
    """Draw two panels per target: residuals against predictions, and as a histogram."""
    panels = list(each_target(targets, predictions, target_names))
    figure, axes = new_figure(len(panels), 2, width=4.5, height=3.5)
    note_left_out(figure, target_names)
    for row, (name, true, predicted) in enumerate(panels):
        left, right = axes[2 * row : 2 * row + 2]
        rest = true - predicted
        limits = limits_of(rest, np.zeros(1))
        draw_points(left, predicted, rest, limits_of(predicted), limits)
        left.axhline(0, color="gray", linestyle=":")
        left.set(xlabel=f"predicted {name}", ylabel="true − predicted")
        num_bins = int(np.clip(np.sqrt(len(rest)), 5, 60))
        right.hist(rest, bins=num_bins, range=limits, edgecolor="white", linewidth=0.3)
        right.axvline(0, color="gray", linestyle=":")
        right.set(xlim=limits, xlabel=f"true − predicted {name}", ylabel="rows")
        spread = f"mean {rest.mean():.3g}, standard deviation {rest.std():.3g}"
        right.set_title(spread, loc="left")
    return figure


def each_target(
    targets: Tensor, predictions: Tensor, target_names: Sequence[str]
) -> Iterator[tuple[str, Numbers, Numbers]]:
    """Yield name, true values [N] and predictions [N] of the first targets."""
    for index, name in enumerate(target_names[:MOST_TARGETS]):
        true, predicted = (
            values[:, index].double().cpu().numpy() for values in (targets, predictions)
        )
        yield as_label(name), true, predicted


def note_left_out(figure: Figure, target_names: Sequence[str]) -> None:
    """Write over the panels that they do not show every target."""
    if len(target_names) > MOST_TARGETS:
        text = f"the first {MOST_TARGETS} of {len(target_names)} targets"
        figure.suptitle(text, x=0.01, ha="left")


def draw_points(
    axes: Axes, x: Numbers, y: Numbers, x_limits: Limits, y_limits: Limits
) -> None:
    """Draw rows as points; many rows as a map of their density."""
    if len(x) <= MOST_POINTS:
        size = float(np.clip(2000 / len(x), 14, 60))
        axes.scatter(x, y, s=size, alpha=0.5, color=COLORS[0], linewidths=0)
    else:
        extent = (*x_limits, *y_limits)
        cells = axes.hexbin(x, y, extent=extent, gridsize=50, mincnt=1, bins="log")
        cells.set_cmap(SEQUENTIAL)
        axes.figure.colorbar(cells, ax=axes, label="rows", shrink=0.8)
    axes.set(xlim=x_limits, ylim=y_limits)


def limits_of(*values: Numbers) -> Limits:
    """Return the ends of an axis that holds all values with some room around them."""
    low = min(float(some.min()) for some in values)
    high = max(float(some.max()) for some in values)
    size = max(abs(low), abs(high))
    room = 0.08 * (high - low if high - low > 1e-6 * size else size) or 1.0
    return low - room, high + room


def scores(true: Numbers, predicted: Numbers) -> Iterator[str]:
    """Yield R², where it is defined, and the root of the mean squared error."""
    if true.std() > 0:
        yield f"R² {round(metrics.r2_score(true, predicted), 3) + 0.0:.3f}"
    yield f"RMSE {metrics.root_mean_squared_error(true, predicted):.3g}"


PICTURES = {"predicted_vs_true": predicted_vs_true, "residuals": residuals}
