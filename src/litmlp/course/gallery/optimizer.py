"""Optimizers: their paths over a bowl, a ravine, a plateau, a saddle and two wells."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.optim import Optimizer

from litmlp.engine.figures.style import COLORS, SEQUENTIAL, new_figure

STEPS = 60
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
DOWN = 0.05
"""Fraction of the start's height at which a path counts as down."""
CHOICE = (
    f"the smallest of {', '.join(f'{rate:g}' for rate in RATES)} with which most paths "
    f"end below {100 * DOWN:g} % of the start's height"
)


@dataclass(frozen=True)
class Surface:
    """A loss of two weights, and a start on it."""

    loss: Callable[[Tensor, Tensor], Tensor]
    start: tuple[float, float]
    view: tuple[tuple[float, float], tuple[float, float]]  # left bottom, right top
    lowest: tuple[tuple[float, float], ...] = ((0.0, 0.0),)  # the global minima

    def height(self, weights: Tensor) -> Tensor:
        """Return the loss, [..., 2] → [...]."""
        return self.loss(*weights.unbind(-1))

    def relative_height(self, points: Tensor) -> Tensor:
        """Return heights: 0 at the minimum, 1 at the start, [..., 2] → [...]."""
        marks = torch.tensor([self.lowest[0], self.start], dtype=points.dtype)
        bottom, top = self.height(marks)
        result: Tensor = (self.height(points) - bottom) / (top - bottom)
        return result


SURFACES = {
    # A little steeper in the second weight.
    "bowl": Surface(lambda x, y: x**2 / 2 + y**2, (-3.0, 2.0), ((-4, -3), (4, 3))),
    # 100 times steeper in the second weight.
    "ravine": Surface(
        lambda x, y: x**2 / 40 + 5 * y**2 / 2, (-4.0, 0.8), ((-5, -1.5), (2, 1.5))
    ),
    # A plain with a hole in the middle, flat far out.
    "plateau": Surface(
        lambda x, y: 1 - torch.exp(-(x**2 + y**2) / 2), (-2.6, 1.9), ((-4, -3), (3, 3))
    ),
    # Up along the first weight, and down along the second, to one of two valleys.
    "saddle": Surface(
        lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 4,
        (-2.0, 0.001),
        ((-2.5, -1.8), (2.5, 1.8)),
        lowest=((0.0, 1.0), (0.0, -1.0)),
    ),
    # Two wells, the deeper one at x = −1.3.
    "local_minimum": Surface(
        lambda x, y: x**4 / 4 - 0.735 * x**2 + 0.286 * x + y**2 / 2,
        (2.0, 1.2),
        ((-2.4, -1.8), (2.4, 1.8)),
        lowest=((-1.3, 0.0),),
    ),
}


@dataclass(frozen=True)
class Paths:
    """The path of an optimizer over every surface: its weights [STEPS + 1, 2]."""

    points: dict[str, Tensor]  # by surface
    lr: float | None  # if it has one
    why: str  # the reason for that rate

    @property
    def heights(self) -> dict[str, Tensor]:
        """Heights along each path [STEPS + 1]: 1 at the start, 0 at the minimum."""
        return {
            name: SURFACES[name].relative_height(points)
            for name, points in self.points.items()
        }

    @property
    def typical_end(self) -> float:
        """Median of the last heights."""
        ends = torch.stack([heights[-1] for heights in self.heights.values()])
        return float(ends.nan_to_num(nan=math.inf).median())

    def __str__(self) -> str:
        return "" if self.lr is None else f"lr {self.lr:g}"


def measure(make: Callable[..., Optimizer], lr: float | None = None) -> Paths:
    """Measure the paths at a given learning rate, or at one that suits the surfaces.

    This is the optimizer's own rate if it gets down on most surfaces, else the smallest
    of RATES that does, else the rate that comes nearest.
    """
    if lr is not None:
        return descend_all(make, lr, "as given")
    if "lr" not in inspect.signature(make).parameters:
        return descend_all(make, None, "it has no learning rate")
    own = getattr(make, "keywords", {}).get("lr")
    candidates = [(rate, CHOICE) for rate in RATES]
    if own is not None:
        candidates.insert(0, (own, "its file's own"))
    tried = []
    for rate, why in candidates:
        tried.append(descend_all(make, rate, why))
        if tried[-1].typical_end < DOWN:
            break
    return min(tried, key=lambda paths: paths.typical_end)


def descend_all(make: Callable[..., Optimizer], lr: float | None, why: str) -> Paths:
    """Return one path per surface."""
    at_rate = make if lr is None else partial(make, lr=lr)
    points = {name: descend(surface, at_rate) for name, surface in SURFACES.items()}
    return Paths(points, lr, why)


def descend(surface: Surface, make: Callable[..., Optimizer]) -> Tensor:
    """Return the weights from the start to the last step, [STEPS + 1, 2]."""
    weights = nn.Parameter(torch.tensor(surface.start, dtype=torch.float64))
    optimizer = make([weights])

    def closure() -> float:
        optimizer.zero_grad()
        loss = surface.height(weights)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        return loss.item()

    points = [weights.detach().clone()]
    for _ in range(STEPS):
        optimizer.step(closure)
        points.append(weights.detach().clone())
    return torch.stack(points)


def draw(paths: Paths) -> Figure:
    """Draw one panel per surface, and the heights on all of them."""
    figure, (*panels, last) = new_figure(2, 3, width=4.2, height=3.3)
    for panel, (name, points) in zip(panels, paths.points.items(), strict=True):
        draw_path(panel, SURFACES[name], points)
        panel.set_title(name.replace("_", " "))
        panel.set(xlabel="first weight", ylabel="second weight")
    panels[0].legend(loc="lower right")
    for name, heights in paths.heights.items():
        last.plot(heights.clamp(min=1e-9), label=name.replace("_", " "))
    last.set(yscale="log", ylim=(1e-6, 1e4), xlim=(0, STEPS))
    last.set(xlabel="iteration", ylabel="height above the minimum, start = 1")
    last.set_title(f"{STEPS} iterations, {paths}".rstrip(", "))
    last.legend(loc="upper center", ncols=2)
    figure.supxlabel(f"{paths}: {paths.why}".lstrip(": "), size=9, color="0.35", x=0.5)
    return figure


def draw_path(panel: Axes, surface: Surface, points: Tensor) -> None:
    """Draw the contours of a surface, and a path over them."""
    (left, bottom), (right, top) = surface.view
    x = torch.linspace(left, right, 81, dtype=torch.float64)
    y = torch.linspace(bottom, top, 81, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
    # The square root: levels lie closer where it is nearly flat.
    heights = surface.relative_height(grid).clamp(min=0).sqrt()
    panel.contourf(x, y, heights, levels=14, cmap=SEQUENTIAL, alpha=0.55)
    panel.grid(visible=False)
    for lowest in surface.lowest:
        star: Any = {"color": "white", "mec": "black", "ms": 12, "ls": ""}
        panel.plot(*lowest, marker="*", **star)
    panel.plot(*points.T, ".-", color=COLORS[1], ms=5, lw=1.2, label="path")
    panel.plot(*points[0], "o", color="black", label="start")
    panel.plot(*points[-1], "X", color="black", ms=8, label="end")
    panel.plot([], [], marker="*", **star, label="minimum")
    panel.set(xlim=(left, right), ylim=(bottom, top))
