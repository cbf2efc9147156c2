"""Pictures of a network's inputs: their weights and images."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from litmlp.engine.figures.style import DIVERGING, as_label, new_figure

MOST_UNITS = 64
MOST_NAMES = 40
MOST_CLASSES = 20
IMAGES_PER_CLASS = 10

Array = NDArray[np.float64]


def first_layer_weights(weights: Array, feature_names: Sequence[str]) -> Figure:
    """Draw weights [units, features]: one row per unit, or one image of pixels."""
    shown = weights[:MOST_UNITS]
    largest = float(np.abs(shown).max()) or 1.0
    side = math.isqrt(shown.shape[1])
    are_pixels = all(name.startswith("pixel") for name in feature_names)
    is_image = side**2 == shown.shape[1] and are_pixels
    figure, (axes,) = new_figure(width=6.5, height=5.5)
    image = axes.imshow(
        square(shown.reshape(-1, side, side)) if is_image else shown,
        cmap=DIVERGING,
        vmin=-largest,
        vmax=largest,
        aspect="equal" if is_image else "auto",
        interpolation="nearest",
    )
    axes.grid(visible=False)
    more = f", {len(shown)} of {len(weights)}" if len(shown) < len(weights) else ""
    axes.set_title(f"first layer, one {'tile' if is_image else 'row'} per unit{more}")
    if is_image:
        axes.axis("off")
    else:
        axes.set(xlabel="feature", ylabel="unit")
        if len(feature_names) == shown.shape[1] <= MOST_NAMES:
            names = [as_label(name) for name in feature_names]
            axes.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
    figure.colorbar(image, label="weight", shrink=0.8)
    return figure


def class_images(images: Tensor, targets: Tensor, class_names: Sequence[str]) -> Figure:
    """Draw the first images [N, height, width, channels] of each class, from 0 to 1."""
    names = [as_label(name) for name in class_names[:MOST_CLASSES]]
    tiles = np.ones((len(names), IMAGES_PER_CLASS, *images.shape[1:]))
    for index, row in enumerate(tiles):
        own = images[(targets == index).nonzero().flatten()[:IMAGES_PER_CLASS]]
        row[: len(own)] = own.cpu().numpy()
    height = images.shape[1]
    figure, (axes,) = new_figure(width=6.5, height=0.5 * len(names) + 0.5)
    picture = mosaic(tiles, gap=1.0)
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_yticks((height + 1) * np.arange(len(names)) + height / 2, names)
    axes.set_xticks([])
    axes.grid(visible=False)
    return figure


def square(tiles: Array) -> Array:
    """Arrange tiles [N, height, width] in a square, with gaps of one pixel."""
    across = math.ceil(math.sqrt(len(tiles)))
    down = math.ceil(len(tiles) / across)
    missing = ((0, down * across - len(tiles)), (0, 0), (0, 0))
    padded = np.pad(tiles, missing, constant_values=np.nan)
    return mosaic(padded.reshape(down, across, *tiles.shape[1:]), gap=np.nan)[:-1, :-1]


def mosaic(tiles: Array, gap: float) -> Array:
    """Arrange tiles [down, across, height, width, …] in one picture.

    Below and right of each tile there is a gap of one pixel, with that value.
    """
    widths = [(0, 0), (0, 0), (0, 1), (0, 1), *[(0, 0)] * (tiles.ndim - 4)]
    padded = np.pad(tiles, widths, constant_values=gap)
    down, across, height, width, *channels = padded.shape
    picture = padded.swapaxes(1, 2)
    return picture.reshape(down * height, across * width, *channels)
