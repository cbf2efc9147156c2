"""Surfaces over two weights, on which optimizers can be watched."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Surface:
    """A loss of two weights, and a start on it.

    Args:
        height: function from weights [..., 2] to loss [...].
        start: the first weights.
        lowest: the weights of the global minima.
        view: from (left, bottom) to (right, top).
    """

    height: Callable[[Tensor], Tensor]
    start: tuple[float, float]
    lowest: tuple[tuple[float, float], ...]
    view: tuple[tuple[float, float], tuple[float, float]]

    def relative_height(self, points: Tensor) -> Tensor:
        """Return heights: 0 at the minimum, 1 at the start, [..., 2] → [...]."""
        marks = torch.tensor([self.lowest[0], self.start], dtype=points.dtype)
        bottom, top = self.height(marks)
        result: Tensor = (self.height(points) - bottom) / (top - bottom)
        return result


def bowl(weights: Tensor) -> Tensor:
    """Return w²/2, a little steeper in the second weight: [..., 2] → [...]."""
    x, y = weights.unbind(-1)
    return x**2 / 2 + y**2


def ravine(weights: Tensor) -> Tensor:
    """Return a valley, 100 times steeper in the second weight: [..., 2] → [...]."""
    x, y = weights.unbind(-1)
    return x**2 / 40 + 5 * y**2 / 2


def plateau(weights: Tensor) -> Tensor:
    """Return a plain with a hole in the middle, flat far out: [..., 2] → [...]."""
    return 1 - torch.exp(-weights.square().sum(-1) / 2)


def saddle(weights: Tensor) -> Tensor:
    """Return a saddle at (0, 0), up along the first weight: [..., 2] → [...]."""
    x, y = weights.unbind(-1)
    return x**2 / 2 - y**2 / 2 + y**4 / 4


def local_minimum(weights: Tensor) -> Tensor:
    """Return two wells, the deeper one at x = −1.3: [..., 2] → [...]."""
    x, y = weights.unbind(-1)
    return x**4 / 4 - 0.735 * x**2 + 0.286 * x + y**2 / 2


SURFACES = {
    "bowl": Surface(bowl, (-3.0, 2.0), ((0.0, 0.0),), ((-4, -3), (4, 3))),
    "ravine": Surface(ravine, (-4.0, 0.8), ((0.0, 0.0),), ((-5, -1.5), (2, 1.5))),
    "plateau": Surface(plateau, (-2.6, 1.9), ((0.0, 0.0),), ((-4, -3), (3, 3))),
    "saddle": Surface(
        saddle, (-2.0, 0.001), ((0.0, 1.0), (0.0, -1.0)), ((-2.5, -1.8), (2.5, 1.8))
    ),
    "local_minimum": Surface(
        local_minimum, (2.0, 1.2), ((-1.3, 0.0),), ((-2.4, -1.8), (2.4, 1.8))
    ),
}
