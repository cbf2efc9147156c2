"""Data of two inputs: the responses of a network and its units over the plane."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm, Normalize, to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from litmlp.engine.figures.style import COLORS, DIVERGING, as_label, new_figure

Array = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Left, right, bottom and top of the part of the plane that is drawn."""

CLASS_COLORS = (COLORS[1], COLORS[0], *COLORS[2:])
"""The first class is orange and the second blue, as in the TensorFlow Playground."""

MOST_UNITS = 8
"""Units of a layer that are drawn."""


def plane_figure(
    surface: Array,
    units: Mapping[str, Array],
    points: Mapping[str, tuple[Array, Array]],
    *,
    box: Box,
    names: Sequence[str],
    class_names: Sequence[str],
    title: str,
) -> Figure:
    """Draw the prediction at each point of the plane, and the response of every unit.

    A point has the colour of its class or value; test points have a black frame.

    Args:
        surface: probabilities [G, G, classes] or values [G, G, 1] on a grid, from the
            bottom up.
        units: by layer, in their order: responses [units, G, G].
        points: by split: places [N, 2] and class indices or values [N].
        box: the area of the grid: left, right, bottom, top.
        names: of the two inputs.
        class_names: empty for real values.
        title: of the whole.
    """
    figure, (left, right) = new_figure(1, 2, width=4.6, height=4.4)
    everything = np.concatenate([values for _, values in points.values()])
    norm = CenteredNorm(halfrange=float(np.abs(everything).max()) or 1.0)
    colored = colormaps[DIVERGING]
    image = mixed(surface) if class_names else colored(norm(surface[..., 0]))
    left.imshow(image, origin="lower", extent=box, interpolation="bilinear")
    left.set_aspect("auto")
    for split, (places, values) in points.items():
        of_classes = [CLASS_COLORS[int(value) % len(COLORS)] for value in values]
        left.scatter(
            places[:, 0],
            places[:, 1],
            s=18,
            linewidths=0.7,
            c=of_classes if class_names else colored(norm(values)),
            edgecolors="black" if split == "test" else "white",
            label=split,
        )
    left.set(xlabel=as_label(names[0]), ylabel=as_label(names[1]), title=title)
    left.set(xlim=box[:2], ylim=box[2:])
    left.grid(visible=False)
    left.legend(loc="upper right", fontsize=8, frameon=True)
    draw_units(right, units)
    return figure


def mixed(probabilities: Array) -> Array:
    """Mix the colour of the likeliest class with white: […, C] → […, 3]."""
    count = probabilities.shape[-1]
    colors = np.array([to_rgb(CLASS_COLORS[i % len(COLORS)]) for i in range(count)])
    certainty = (probabilities.max(axis=-1, keepdims=True) * count - 1) / (count - 1)
    strength = 0.85 * certainty.clip(0, 1)
    image: Array = strength * colors[probabilities.argmax(axis=-1)] + 1 - strength
    return image


def draw_units(axes: Axes, units: Mapping[str, Array]) -> None:
    """Draw the network from left to right, with a small map per unit."""
    spacing = 1.6
    most = max(min(len(maps), MOST_UNITS) for maps in units.values())
    for column, (layer, maps) in enumerate(units.items()):
        shown = maps[:MOST_UNITS]
        top, x = (most + len(shown)) / 2, column * spacing
        for row, response in enumerate(shown):
            scale = float(np.abs(response).max()) or 1.0
            y = top - row - 1
            axes.imshow(
                response / scale,
                origin="lower",
                cmap=DIVERGING,
                norm=Normalize(-1, 1),
                extent=(x, x + 0.86, y, y + 0.86),
            )
        more = f"\n{len(shown)} of {len(maps)}" if len(maps) > len(shown) else ""
        axes.text(x + 0.43, most + 0.1, f"{layer}{more}", ha="center", fontsize=8)
    axes.set(xlim=(-0.4, len(units) * spacing), ylim=(-0.1, most + 0.7), aspect="equal")
    axes.axis("off")
