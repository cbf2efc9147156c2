"""The data sets of the TensorFlow Playground, generated: two inputs, any features."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor

from litmlp.data.data_module import Data, Plane
from litmlp.data.samples import Column, Samples
from litmlp.errors import UserError, nearest

INPUTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "x1": lambda x1, x2: x1,
    "x2": lambda x1, x2: x2,
    "x1_squared": lambda x1, x2: x1.square(),
    "x2_squared": lambda x1, x2: x2.square(),
    "x1_x2": lambda x1, x2: x1 * x2,
    "sin_x1": lambda x1, x2: x1.sin(),
    "sin_x2": lambda x1, x2: x2.sin(),
}
"""The features that can be computed from a point (x1, x2)."""

OUTLIER = 10.0
"""The value of an outlier; all others lie within ±1.8."""


@dataclass(kw_only=True, eq=False)
class PlaygroundData(Data):
    """Points of the plane, most of them within ±6, with a class or a value.

    Source: https://playground.tensorflow.org

    Args:
        name: the data set.
        num_samples: number of points.
        noise: 0 to 0.5: how far points stray, as a fraction of the set's size.
        seed: seed of the points.
        inputs: features computed from each point, names of ``INPUTS``.
        outliers: 0 to 0.5: fraction of the points whose value is far above the others.

    Raises:
        UserError: a value out of its range, or no such input.
    """

    name: Literal["circle", "xor", "gauss", "spiral", "plane", "gauss_regression"]
    num_samples: int = 500
    noise: float = 0.0
    seed: int = 0
    inputs: Sequence[str] = ("x1", "x2")
    outliers: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_samples < 2:
            raise UserError(f"num_samples={self.num_samples}: must be 2 or more")
        for option in ("noise", "outliers"):
            value = getattr(self, option)
            if not 0 <= value <= 0.5:
                raise UserError(f"{option}={value}: must lie between 0 and 0.5")
        if not self.inputs:
            raise UserError(f"inputs is empty. Allowed: {', '.join(INPUTS)}")
        for name in self.inputs:
            if name not in INPUTS:
                raise UserError(
                    f"inputs={name}: no such input. {nearest(name, INPUTS)}"
                )

    @property
    def plane(self) -> Plane:
        points, _ = self._draw()
        return Plane(
            points=points.to(torch.get_default_dtype()),
            names=["x1", "x2"],
            to_inputs=self._to_inputs,
        )

    def _draw(self) -> tuple[Tensor, Tensor]:
        """Points [rows, 2] and their classes or values [rows]."""
        generator = torch.Generator().manual_seed(self.seed)
        points, targets = GENERATORS[self.name](self.num_samples, self.noise, generator)
        if self.outliers and not targets.is_floating_point():
            raise UserError(f"outliers={self.outliers}: {self.name} has no values")
        order = torch.randperm(self.num_samples, generator=generator)
        targets[order[: round(self.outliers * self.num_samples)]] = OUTLIER
        return points, targets

    def _to_inputs(self, points: Tensor) -> Tensor:
        columns = [INPUTS[name](*points.T) for name in self.inputs]
        return torch.stack(columns, dim=1)

    def load(self) -> Samples:
        points, targets = self._draw()
        is_class = not targets.is_floating_point()
        return Samples(
            inputs=self._to_inputs(points),
            targets=targets if is_class else targets[:, None],
            columns=[Column(name=name) for name in self.inputs],
            target_names=["class" if is_class else "value"],
            class_names=["orange", "blue"] if is_class else (),
        )


def uniform(shape: Sequence[int], low: float, high: float, g: Generator) -> Tensor:
    """Random numbers between low and high, of a shape."""
    return low + (high - low) * torch.rand(*shape, generator=g, dtype=torch.float64)


def circle(count: int, noise: float, g: Generator) -> tuple[Tensor, Tensor]:
    """Points [count, 2]: a blue disc in an orange ring; noise blurs the border."""
    blue = torch.arange(count) < count // 2
    radius = torch.where(blue, uniform([count], 0, 2.5, g), uniform([count], 3.5, 5, g))
    angle = uniform([count], 0, 2 * math.pi, g)
    points = torch.stack([radius * angle.sin(), radius * angle.cos()], dim=1)
    strayed = points + uniform([count, 2], -5, 5, g) * noise
    return points, (strayed.norm(dim=1) < 2.5).long()


def xor(count: int, noise: float, g: Generator) -> tuple[Tensor, Tensor]:
    """Points [count, 2]: blue where both signs agree, with a gap along the axes."""
    points = uniform([count, 2], -5, 5, g)
    points = points + 0.3 * torch.where(points > 0, 1.0, -1.0)
    strayed = points + uniform([count, 2], -5, 5, g) * noise
    return points, (strayed.prod(dim=1) >= 0).long()


def gauss(count: int, noise: float, g: Generator) -> tuple[Tensor, Tensor]:
    """Points [count, 2]: round clouds at (2, 2) and (−2, −2), widened by noise."""
    blue = torch.arange(count) < count // 2
    variance = 0.5 + 7 * noise
    centres = torch.where(blue, 2.0, -2.0)[:, None]
    points = centres + math.sqrt(variance) * torch.randn(
        count, 2, generator=g, dtype=torch.float64
    )
    return points, blue.long()


def spiral(count: int, noise: float, g: Generator) -> tuple[Tensor, Tensor]:
    """Points [count, 2]: two arms of almost two turns; noise moves the points."""
    half = count // 2
    blue = torch.arange(count) < half
    sizes = (half, count - half)
    along = torch.cat([torch.arange(size).double() / size for size in sizes])
    angle = 1.75 * 2 * math.pi * along + math.pi * (~blue).double()
    arms = 5 * along[:, None] * torch.stack([angle.sin(), angle.cos()], dim=1)
    return arms + uniform([count, 2], -1, 1, g) * noise, blue.long()


def plane(count: int, noise: float, g: Generator) -> tuple[Tensor, Tensor]:
    """Points [count, 2] with the value (x1 + x2) / 10, at a point moved by noise."""
    points = uniform([count, 2], -6, 6, g)
    strayed = points + uniform([count, 2], -6, 6, g) * noise
    return points, strayed.sum(dim=1) / 10


def gauss_regression(count: int, noise: float, g: Generator) -> tuple[Tensor, Tensor]:
    """Points [count, 2]: three hills and three hollows of height 1 and radius 2."""
    points = uniform([count, 2], -6, 6, g)
    strayed = points + uniform([count, 2], -6, 6, g) * noise
    centres = torch.tensor(
        [[-4, 2.5], [0, 2.5], [4, 2.5], [-4, -2.5], [0, -2.5], [4, -2.5]]
    ).to(points)
    signs = torch.tensor([1, -1, 1, -1, 1, -1]).to(points)
    heights = (1 - torch.cdist(strayed, centres) / 2).clamp(min=0)
    highest = heights.argmax(dim=1, keepdim=True)
    return points, (signs * heights).gather(1, highest).squeeze(1)


GENERATORS = {
    "circle": circle,
    "xor": xor,
    "gauss": gauss,
    "spiral": spiral,
    "plane": plane,
    "gauss_regression": gauss_regression,
}
