"""Activations: f and f′, and the inputs where a unit saturates or is dead."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from torch import Tensor, nn

from litmlp.course.gallery.labels import broken, digits, fixed
from litmlp.engine.figures.style import COLORS, new_figure

INPUTS = torch.arange(-800, 801, dtype=torch.float64) / 100
OTHERS = (1.0, -1.0)
"""Inputs of the other units, for an activation that uses the whole layer."""
SATURATED = 0.01
"""Fraction of the steepest slope below which a unit hardly learns."""
NARROWEST = 0.15
"""Narrower flat stretches are mere turning points."""
SHADE: dict[str, Any] = {  # arguments of a patch
    "saturated": {"fc": to_rgba(COLORS[4], 0.22), "ec": "none", "lw": 0},
    "dead": {"fc": to_rgba("0.2", 0.15), "ec": "0.65", "hatch": "///", "lw": 0},
}
MEANING = {
    "saturated": f"saturated, |f′| < {100 * SATURATED:g} % of its maximum",
    "dead": "dead, f′ = 0",
}


class Zone(NamedTuple):
    """An interval of inputs in which a unit hardly learns, or not at all."""

    kind: Literal["saturated", "dead"]
    low: float
    high: float

    def __str__(self) -> str:
        low = f"{digits(self.low)} < " if self.low > INPUTS[0] else ""
        high = f" < {digits(self.high)}" if self.high < INPUTS[-1] else ""
        if low and not high:
            return f"x > {digits(self.low)}"
        return f"{low}x{high}" if high else "everywhere"


@dataclass(frozen=True)
class Curves:
    """An activation over ``INPUTS``, and the slopes in the first unit's input."""

    outputs: Tensor  # [points, units]; several where each depends on the whole layer
    slopes: Tensor  # [points, units]
    training: Tensor | None  # the first unit in a random pass [points]

    @property
    def steepest(self) -> float:
        """The largest |f′|."""
        return float(self.slopes[:, 0].abs().max())

    @property
    def mean_output(self) -> float:
        """Mean output of the first unit for inputs ~ N(0, 1)."""
        density = torch.exp(-INPUTS.square() / 2)
        return float((self.outputs[:, 0] * density).sum() / density.sum())

    @property
    def zones(self) -> list[Zone]:
        """Intervals in which the first unit is saturated or dead, left to right."""
        slopes = self.slopes[:, 0].abs()
        zero = slopes == 0
        # A single zero is where f′ touches or crosses it.
        dead = zero & (zero.roll(1) | zero.roll(-1))
        kinds = torch.where(dead, 2, (slopes < SATURATED * self.steepest).long())
        zones, start = [], 0
        for kind, points in groupby(kinds.tolist()):
            stop = start + len(list(points))
            low, high = float(INPUTS[start]), float(INPUTS[stop - 1])
            if kind and high - low >= NARROWEST:
                zones.append(Zone("dead" if kind == 2 else "saturated", low, high))
            start = stop
        return zones


def measure(make: Callable[[], nn.Module]) -> Curves:
    """Measure a new activation in evaluation mode, and its slopes by autograd."""
    activation = make().double().eval()
    others = OTHERS if looks_at_whole_layer(activation) else ()
    columns = [INPUTS, *(torch.full_like(INPUTS, value) for value in others)]
    inputs = torch.stack(columns, dim=1).requires_grad_()
    outputs = activation(inputs)
    slopes = [
        torch.autograd.grad(unit.sum(), inputs, retain_graph=True)[0][:, 0]
        for unit in outputs.unbind(1)
    ]
    outputs = outputs.detach()
    training = activation.train()(inputs).detach()[:, 0]
    return Curves(
        outputs=outputs,
        slopes=torch.stack(slopes, dim=1),
        training=None if torch.equal(training, outputs[:, 0]) else training,
    )


def looks_at_whole_layer(activation: nn.Module) -> bool:
    """Return whether the first output depends on another input, as in softmax."""
    one, other = torch.zeros(2, 1, 3, dtype=torch.float64)
    other[0, 1] = 1
    return bool(activation(one)[0, 0] != activation(other)[0, 0])


def draw(curves: Curves) -> Figure:
    """Draw f beside f′, with saturated and dead zones shaded."""
    figure, (left, right) = new_figure(1, 2, width=4.8, height=3.5)
    if curves.outputs.shape[1] > 1:
        draw_units(left, right, curves)
    else:
        if curves.training is not None:
            label = "in training, at random"
            left.plot(INPUTS, curves.training, ".", ms=3, color=COLORS[5], label=label)
        left.plot(INPUTS, broken(curves.outputs[:, 0]), lw=2, label="in evaluation")
        right.plot(INPUTS, broken(curves.slopes[:, 0]), lw=2, color=COLORS[1])
        if curves.training is not None:
            left.legend(loc="upper left", markerscale=3)
    left.set_title(f"f: mean output {fixed(curves.mean_output)} for x ~ N(0, 1)")
    steepest = digits(curves.steepest)
    after_five = digits(curves.steepest**5, 2)
    right.set_title(f"f′: at most {steepest}; through five layers {after_five}")
    for panel, label in ((left, "output"), (right, "slope")):
        for zone in curves.zones:
            panel.axvspan(zone.low, zone.high, zorder=0, **SHADE[zone.kind])
        panel.axhline(0, color="0.3", lw=0.8)
        panel.set(xlabel="x, the unit's input", ylabel=label, xlim=(-8, 8))
    label_zones(figure, curves.zones)
    return figure


def draw_units(left: Axes, right: Axes, curves: Curves) -> None:
    """Draw the outputs of a layer, and their slopes, over the first unit's input."""
    names = ["x", *map(digits, OTHERS)]
    for i, name in enumerate(names):
        label = f"unit {i + 1}, input {name}"
        left.plot(INPUTS, curves.outputs[:, i], lw=2, label=label)
        right.plot(INPUTS, curves.slopes[:, i], lw=2, label=f"unit {i + 1}")
    left.plot(INPUTS, curves.outputs.sum(1), ":", color="black", label="their sum")
    left.legend(loc="center left")
    right.legend(loc="lower right", title="slope in x of")


def label_zones(figure: Figure, zones: list[Zone]) -> None:
    """Write the meaning and the place of the shades below the panels."""
    kinds = sorted({zone.kind for zone in zones})
    patches = [Patch(**SHADE[kind]) for kind in kinds]
    places = [", ".join(str(z) for z in zones if z.kind == kind) for kind in kinds]
    labels = [f"{MEANING[k]}: {where}" for k, where in zip(kinds, places, strict=True)]
    figure.legend(patches, labels, loc="outside lower left", ncols=2)
