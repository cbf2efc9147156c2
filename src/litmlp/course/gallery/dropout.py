"""Dropout: a batch of hidden units before it, in training and in evaluation."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from torch import Tensor, nn

from litmlp.course.gallery.labels import fixed
from litmlp.engine.figures.style import COLORS, DIVERGING, SEQUENTIAL, new_figure

ROWS, UNITS = 2000, 20
SHOWN = 16
"""Rows of the batch in the picture."""


@dataclass(frozen=True)
class Batch:
    """Hidden units [ROWS, UNITS] of an activation, before and after dropout."""

    activation: str
    before: Tensor
    training: Tensor
    evaluation: Tensor

    @property
    def dropped(self) -> Tensor:
        """Units to which training gave one and the same value, [ROWS, UNITS]."""
        same = self.training == self.training.flatten().mode().values
        return same if same.sum() > 1 else torch.zeros_like(same)


def measure(make: Callable[[], nn.Module]) -> Batch:
    """Pass sigmoid units through dropout, or SELU units through alpha dropout."""
    dropout = make().double()
    alpha = isinstance(dropout, nn.AlphaDropout)
    activation = nn.SELU() if alpha else nn.Sigmoid()
    before = activation(torch.randn(ROWS, UNITS, dtype=torch.float64))
    return Batch(
        activation=type(activation).__name__,
        before=before,
        training=dropout.train()(before),
        evaluation=dropout.eval()(before),
    )


def draw(batch: Batch) -> Figure:
    """Draw some rows before, in training and in evaluation; and value against value."""
    figure, (*maps, last) = new_figure(1, 4, width=3.1, height=3.6)
    largest = float(torch.cat([batch.before, batch.training]).abs().max())
    signed = bool((batch.before < 0).any())
    norm = Normalize(-largest if signed else 0, largest)
    cmap = DIVERGING if signed else SEQUENTIAL
    names = "before", "in training", "in evaluation"
    stages = batch.before, batch.training, batch.evaluation
    for panel, name, values in zip(maps, names, stages, strict=True):
        shown = values[:SHOWN].numpy()
        image = panel.imshow(shown, cmap=cmap, norm=norm, aspect="auto")
        mean, std = fixed(float(values.mean())), fixed(float(values.std()))
        panel.set_title(f"{name}:\nmean {mean}, std {std}")
        panel.set(xticks=[], yticks=[], xlabel="unit", ylabel="row of the batch")
    rows, units = torch.nonzero(batch.dropped[:SHOWN], as_tuple=True)
    maps[1].plot(units, rows, "x", color="black" if signed else "white", ms=4)
    label = f"output of a {batch.activation} unit"
    figure.colorbar(image, ax=maps, location="bottom", label=label, aspect=60)
    draw_values(last, batch)
    return figure


def draw_values(panel: Axes, batch: Batch) -> None:
    """Draw after against before, one point per unit of a row."""
    before, training = batch.before.flatten(), batch.training.flatten()
    dropped = batch.dropped.flatten()
    percent = f"{100 * dropped.double().mean():.0f} %"
    for where, color, label in (
        (~dropped, COLORS[0], "kept"),
        (dropped, COLORS[1], f"dropped (×): {percent}"),
    ):
        panel.plot(before[where], training[where], ".", ms=3, color=color, label=label)
    order = before.argsort()
    after = batch.evaluation.flatten()[order]
    panel.plot(before[order], after, "--", color="0.2", label="in evaluation")
    panel.set_title("after against before")
    panel.set(xlabel="before", ylabel="after")
    panel.legend(loc="upper left", markerscale=3)
