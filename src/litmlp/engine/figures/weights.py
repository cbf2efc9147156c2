"""The weights of a first layer."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from litmlp.engine.figures.style import DIVERGING, as_label, new_figure

MOST_UNITS = 64
MOST_NAMES = 40


def first_layer_weights(
    weights: NDArray[np.float64], feature_names: Sequence[str]
) -> Figure:
    """Draw one row per unit and one column per feature, or one image per unit.

    Args:
        weights: of the first layer, [units, features].
        feature_names: if all begin with ``pixel``, a unit is drawn as an image.
    """
    shown = weights[:MOST_UNITS]
    largest = float(np.abs(shown).max()) or 1.0
    side = math.isqrt(shown.shape[1])
    is_image = side**2 == shown.shape[1] and all(
        name.startswith("pixel") for name in feature_names
    )
    figure, (axes,) = new_figure(width=6.5, height=5.5)
    content = mosaic(shown.reshape(-1, side, side)) if is_image else shown
    image = axes.imshow(
        content,
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


def mosaic(tiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Arrange tiles [N, side, side] in a square, with gaps of one pixel."""
    count, side, _ = tiles.shape
    across = math.ceil(math.sqrt(count))
    down = math.ceil(count / across)
    gaps = ((0, down * across - count), (0, 1), (0, 1))
    padded = np.pad(tiles, gaps, constant_values=np.nan)
    rows = padded.reshape(down, across, side + 1, side + 1).swapaxes(1, 2)
    return rows.reshape(down * (side + 1), -1)[:-1, :-1]
