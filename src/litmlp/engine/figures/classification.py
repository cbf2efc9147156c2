"""Pictures of a classifier: its mistakes, its ranking of rows, its calibration.

Each function takes true class indices [N], finite probabilities [N, classes] and the
classes' names, with N of 1 or more.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn import metrics
from torch import Tensor

from litmlp.engine.diagnosis.score_tables import calibration_bins, calibration_error
from litmlp.engine.figures.style import (
    COLORS,
    SEQUENTIAL,
    as_label,
    new_figure,
)

MOST_COUNTS = 20
"""With more classes, a confusion matrix shows no numbers."""
MOST_NAMES = 50
"""With more classes, some have no name on the axes."""

Numbers = NDArray[np.float64]


def confusion_matrix(
    targets: Tensor, probabilities: Tensor, class_names: Sequence[str]
) -> Figure:
    """Draw rows by true class (down) and predicted class (across)."""
    count = len(class_names)
    predicted = probabilities.argmax(dim=1).cpu()
    rows = metrics.confusion_matrix(targets.cpu(), predicted, labels=range(count))
    totals = rows.sum(axis=1, keepdims=True)
    fractions = rows / np.where(totals, totals, np.nan)  # no rows: gray
    step = -(-count // MOST_NAMES)
    names = [as_label(name) for name in class_names[::step]]
    longest = max(map(len, names))
    side = min(max(0.45 * count, 2.5), 10)
    margin = 0.08 * longest + 0.8
    figure, (axes,) = new_figure(width=side + margin + 1, height=side + margin)
    few_should_show = PowerNorm(0.5, vmin=0, vmax=1)
    image = axes.imshow(fractions, cmap=SEQUENTIAL, norm=few_should_show)
    figure.colorbar(image, label="fraction of the true class", shrink=0.9)
    axes.set_facecolor("lightgray")
    axes.grid(False)
    for (true, said), number in np.ndenumerate(rows):
        if number and count <= MOST_COUNTS:
            color = "white" if fractions[true, said] < 0.25 else "black"
            text = axes.text(said, true, f"{number}", color=color, size=8)
            text.set(ha="center", va="center")
    ticks = range(0, count, step)
    fits = 0.09 * longest < side / len(names)
    axes.set_xticks(ticks, names, rotation=0 if fits else 90)
    axes.set_yticks(ticks, names)
    axes.tick_params(length=0, labelsize=min(10, 50 * side * step / count))
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.set_title(f"{rows.trace():,} of {rows.sum():,} rows are right", loc="left")
    return figure


def roc(targets: Tensor, probabilities: Tensor, class_names: Sequence[str]) -> Figure:
    """Draw true against false positive rate of each class, over all thresholds."""
    curves = []
    for name, truth, scores in by_class(targets, probabilities, class_names):
        false, true, _ = metrics.roc_curve(truth, scores)
        curves.append((float(metrics.auc(false, true)), name, false, true))
    figure, axes = draw_curves(curves, "area under ROC", "default")
    axes.plot([0, 1], [0, 1], color="gray", linestyle=":", zorder=0)
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    return figure


def precision_recall(
    targets: Tensor, probabilities: Tensor, class_names: Sequence[str]
) -> Figure:
    """Draw precision against recall of each class, over all thresholds."""
    curves = []
    for name, truth, scores in by_class(targets, probabilities, class_names):
        precision, recall, _ = metrics.precision_recall_curve(
            truth, scores, drop_intermediate=True
        )
        score = float(metrics.average_precision_score(truth, scores))
        curves.append((score, name, recall, precision))
    figure, axes = draw_curves(curves, "average precision", "steps-post")
    axes.set(xlabel="recall", ylabel="precision")
    return figure


def by_class(
    targets: Tensor, probabilities: Tensor, class_names: Sequence[str]
) -> Iterator[tuple[str, NDArray[np.bool_], Numbers]]:
    """Yield each class that some rows have: its name, which rows, its probabilities.

    Of two classes, there is only the second.
    """
    truth, scores = targets.cpu().numpy(), probabilities.double().cpu().numpy()
    for index in range(1 if len(class_names) == 2 else 0, len(class_names)):
        if 0 < (truth == index).sum() < len(truth):
            yield as_label(class_names[index]), truth == index, scores[:, index]


def draw_curves(
    curves: Sequence[tuple[float, str, Numbers, Numbers]], score: str, drawstyle: str
) -> tuple[Figure, Axes]:
    """Draw curves (score, class, x, y) in the unit square; name the worst of many."""
    figure, (axes,) = new_figure(width=4.5 if len(curves) < 2 else 7.5, height=4.5)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    if not curves:
        axes.text(0.5, 0.1, "needs rows of two classes", ha="center")
        axes.set_title(score, loc="left")
        return figure, axes
    most = len(COLORS)
    if len(curves) > most:
        curves = sorted(curves, key=lambda curve: curve[0])
    for number, (value, name, x, y) in enumerate(curves):
        label = f"{value:.3f}  {name}"
        if number >= most:
            others = f"≥ {value:.3f}  {len(curves) - most} others"
            label = others if number == most else ""
        (line,) = axes.plot(x, y, drawstyle=drawstyle, label=label)
        if number < most:
            line.set_zorder(3)
        else:
            line.set(color="silver", linewidth=0.8)
    mean = float(np.mean([value for value, *_ in curves]))
    if len(curves) > 1:
        axes.set_title(f"{score}: {mean:.3f}, mean over classes", loc="left")
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    else:
        axes.set_title(f"{curves[0][1]}: {score} {mean:.3f}", loc="left")
    return figure, axes


def calibration(
    targets: Tensor, probabilities: Tensor, class_names: Sequence[str]
) -> Figure:
    """Draw the observed frequency over the predicted probability, and a histogram.

    The probability is that of the second of two classes, or with more classes that of
    the predicted class (https://arxiv.org/abs/1706.04599).
    """
    bins = calibration_bins(targets, probabilities)
    figure, (axes, below) = new_figure(2, 1, width=4.5, height=2.8)
    axes.get_gridspec().set_height_ratios([3, 1])  # type: ignore[union-attr]  # has one
    filled = bins.filter(pl.col("rows") > 0)
    said, found = filled["probability"], filled["frequency"]
    axes.plot([0, 1], [0, 1], color="gray", linestyle=":")
    axes.vlines(said, said, found, color=COLORS[1], linewidth=3, alpha=0.5)
    axes.plot(said, found, marker="o")
    below.bar(bins["from"], bins["rows"], width=1 / len(bins), align="edge", ec="white")
    event = as_label(class_names[1]) if len(class_names) == 2 else "the predicted class"
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel=f"frequency of {event}")
    below.set(xlim=(-0.02, 1.02), xlabel=f"probability of {event}", ylabel="rows")
    error = calibration_error(bins)
    axes.set_title(f"expected calibration error {error:.3f}", loc="left")
    return figure


PICTURES = {
    picture.__name__: picture
    for picture in (confusion_matrix, roc, precision_recall, calibration)
}
