"""Batch normalization: the units of a layer before it, after it, in evaluation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from litmlp.engine.figures.style import COLORS, new_figure
from litmlp.mlp import block

ROWS, INPUTS, UNITS = 256, 20, 5
BATCHES = 60


@dataclass(frozen=True)
class Stages:
    """The outputs of each part of a hidden layer with ReLU.

    Args:
        outputs: of a training batch after each part [ROWS, UNITS], by its class.
        normalizer: the class of the part in the batchnorm's place.
        means, stds: of its outputs for that batch in evaluation, after 0, 1, …
            training batches, [BATCHES + 1, UNITS].
    """

    outputs: dict[str, Tensor]
    normalizer: str
    means: Tensor
    stds: Tensor


@torch.no_grad()
def measure(make: Callable[[int], nn.Module]) -> Stages:
    """Pass badly scaled rows through a block of Linear, batchnorm and ReLU."""
    shift, scale = 2 * torch.randn(2, INPUTS, dtype=torch.float64)
    noise = torch.randn(BATCHES, ROWS, INPUTS, dtype=torch.float64)
    batches = shift + scale * noise
    layer = block(INPUTS, UNITS, make, nn.ReLU, nn.Identity, bias=True).double()
    in_evaluation = [through(layer.eval(), batches[0])["batchnorm"]]
    for batch in batches:
        layer.train()(batch)
        in_evaluation.append(through(layer.eval(), batches[0])["batchnorm"])
    in_training = through(layer.train(), batches[0])
    del in_training["dropout"]
    return Stages(
        outputs={
            type(layer.get_submodule(name)).__name__: outputs
            for name, outputs in in_training.items()
        },
        normalizer=type(layer.get_submodule("batchnorm")).__name__,
        means=torch.stack([outputs.mean(0) for outputs in in_evaluation]),
        stds=torch.stack([outputs.std(0) for outputs in in_evaluation]),
    )


def through(layer: nn.Sequential, rows: Tensor) -> dict[str, Tensor]:
    """Return the outputs [ROWS, UNITS] of each part, one after another."""
    outputs = {}
    for name, part in layer.named_children():
        rows = outputs[name] = part(rows)
    return outputs


def draw(stages: Stages) -> Figure:
    """Draw one violin per unit after each part, and the progress of evaluation."""
    figure, (*panels, last) = new_figure(1, 4, width=3.2, height=3.5)
    values = torch.cat([*stages.outputs.values()])
    low, high = values.quantile(torch.tensor([0.001, 0.999]).double()).tolist()
    for i, (name, outputs) in enumerate(stages.outputs.items()):
        draw_units(panels[i], outputs)
        panels[i].set(
            ylim=(low - 0.5, high + 0.5), xlabel="unit (dot and bar: mean ± std)"
        )
        panels[i].set_title(f"{i + 1}. after {name}, in training")
    panels[0].set_ylabel("output")
    draw_evaluation(last, stages)
    return figure


def draw_units(panel: Axes, outputs: Tensor) -> None:
    """Draw the distribution of each unit's outputs [ROWS, UNITS]."""
    columns = [unit.tolist() for unit in outputs.T]
    violins: Any = panel.violinplot(columns, showextrema=False, widths=0.8)
    bodies = violins["bodies"]
    for color, body in zip(COLORS, bodies, strict=False):
        body.set(facecolor=color, alpha=0.6)
    units = range(1, UNITS + 1)
    means, stds = outputs.mean(0).tolist(), outputs.std(0).tolist()
    panel.errorbar(units, means, stds, fmt="o", ms=4, color="black", capsize=3)


def draw_evaluation(panel: Axes, stages: Stages) -> None:
    """Draw the same rows in evaluation, after more and more training batches."""
    for i in range(UNITS):
        panel.plot(stages.means[:, i], color=COLORS[i])
        panel.plot(stages.stds[:, i], "--", color=COLORS[i])
    panel.plot([], [], color="black", label="mean")
    panel.plot([], [], "--", color="black", label="std")
    panel.legend()
    panel.set_title(f"after {stages.normalizer}, in evaluation")
    panel.set(xlabel="training batches before", ylabel="over the batch")
