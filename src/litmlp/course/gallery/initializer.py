"""Initializers: their weights, and the effect of these on a deep network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from litmlp.course.gallery.labels import digits
from litmlp.engine.figures.style import COLORS, new_figure
from litmlp.mlp import MLP, Initializer

FAN_IN, FAN_OUT = 256, 128
"""Sizes of the layer whose weights are shown; different, since formulas differ."""
WIDTH, DEPTH, ROWS = 256, 10, 256
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}
MARKERS = {"relu": "o", "tanh": "^"}
EDGE = 1e-12
"""The place of zero, and of smaller values, on a logarithmic axis."""
STEADY = 10.0
"""A signal holds if the network changes its spread by less than this factor."""


@dataclass(frozen=True)
class Journey:
    """The path of a batch through a network, and of a gradient back."""

    forward: list[float]  # standard deviation of the inputs and of each layer
    backward: list[float]  # of the gradient with respect to each of these
    distinct: int  # units of the last layer that differ from one another

    @property
    def factors(self) -> dict[str, float]:
        """Mean factor by which a layer changes the spread; 0 if nothing arrives."""
        first, *_, last = self.forward[1:]  # the inputs are no activations
        start, *_, end = self.backward
        return {
            "forward": (last / first if first else 0.0) ** (1 / (DEPTH - 1)),
            "backward": (start / end if end else 0.0) ** (1 / DEPTH),
        }


@dataclass(frozen=True)
class Fill:
    """The weights of a layer [FAN_OUT, FAN_IN], and a journey for each activation."""

    weights: Tensor
    journeys: dict[str, Journey]


def measure(fill: Initializer, bias_fill: Initializer = nn.init.zeros_) -> Fill:
    """Measure a layer's weights, and a random batch through ten layers of 256 units."""
    layer = nn.Linear(FAN_IN, FAN_OUT)
    fill(layer.weight.data)
    journeys = {}
    for name, activation in ACTIVATIONS.items():
        network = MLP(
            num_features=WIDTH,
            num_outputs=1,
            hidden_sizes=[WIDTH] * DEPTH,
            activation=activation,
            initializer=fill,
            bias_initializer=bias_fill,
        )
        journeys[name] = travel(network)
    return Fill(layer.weight.detach(), journeys)


def travel(network: MLP) -> Journey:
    """Pass rows ~ N(0, 1) forward, and a gradient ~ N(0, 1) of the last layer back."""
    layers = [torch.randn(ROWS, WIDTH, dtype=torch.float64).requires_grad_()]
    for block in network.double().hidden:
        layers.append(block(layers[-1]))
    gradients = torch.autograd.grad(layers[-1], layers, torch.randn_like(layers[-1]))
    return Journey(
        forward=[float(layer.detach().std()) for layer in layers],
        backward=[float(gradient.std()) for gradient in gradients],
        distinct=count_distinct(layers[-1].detach()),
    )


def count_distinct(units: Tensor) -> int:
    """Return how many columns of [rows, units] differ by more than rounding."""
    scale = units.abs().max().clamp(min=torch.finfo(units.dtype).tiny)
    return len(torch.unique((units / scale).round(decimals=9), dim=1).T)


def verdict(factor: float) -> str:
    """Return the fate of a spread that changes by a factor per layer, in words."""
    if factor == 0:
        return "nothing arrives"
    whole = factor**DEPTH
    fate = "holds" if 1 / STEADY < whole < STEADY else "explodes"
    fate = "vanishes" if whole <= 1 / STEADY else fate
    return f"× {digits(factor, 2)} per layer, {fate}"


def draw(fill: Fill) -> Figure:
    """Draw the weights' histogram, and both journeys on logarithmic axes."""
    figure, (left, middle, right) = new_figure(1, 3, width=4.4, height=3.6)
    draw_weights(left, fill.weights)
    draw_spreads(middle, fill, "forward")
    draw_spreads(right, fill, "backward")
    distinct = [f"{name} {trip.distinct}" for name, trip in fill.journeys.items()]
    middle.set_title(f"forward; different units: {', '.join(distinct)}")
    middle.set_xlabel(f"layer of {WIDTH} units (0: the inputs)  →")
    middle.set_ylabel("std of activations")
    right.set_title("backward, from the last layer to the inputs")
    right.set(xlabel="←  layer", ylabel="std of gradients")
    return figure


def draw_weights(panel: Axes, weights: Tensor) -> None:
    """Draw a histogram of the weights."""
    low, high = float(weights.min()), float(weights.max())
    margin = 0.0 if low < high else 0.5
    span = (low - margin, high + margin)
    panel.hist(weights.flatten().tolist(), bins=61, range=span, color=COLORS[5])
    std = digits(float(weights.std()) if low < high else 0.0)  # not a rounding error
    panel.set_title(f"std {std}, from {digits(low)} to {digits(high)}")
    panel.set_xlabel(f"weight (a layer of {FAN_IN} inputs, {FAN_OUT} units)")
    panel.set_ylabel("number of weights")
    panel.locator_params(axis="x", nbins=6)


def draw_spreads(
    panel: Axes, fill: Fill, direction: Literal["forward", "backward"]
) -> None:
    """Draw the spreads in both networks, layer by layer."""
    for color, (name, journey) in zip(COLORS, fill.journeys.items(), strict=False):
        spreads = [max(spread, EDGE) for spread in getattr(journey, direction)]
        label = f"{name}: {verdict(journey.factors[direction])}"
        panel.plot(spreads, marker=MARKERS[name], color=color, label=label)
    panel.set_yscale("log")
    low, high = panel.get_ylim()
    panel.set_ylim(min(low, 1e-3), max(high, 1e3))
    panel.legend(loc="best")
