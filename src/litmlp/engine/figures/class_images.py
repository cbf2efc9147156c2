"""Some images of each class."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from litmlp.engine.figures.style import as_label, new_figure

MOST_CLASSES = 20
IMAGES_PER_CLASS = 10


def class_images(images: Tensor, targets: Tensor, class_names: Sequence[str]) -> Figure:
    """Draw the first images of each class, one row per class.

    Args:
        images: pixels from 0 to 1 [N, height, width, channels].
        targets: class indices [N].
        class_names: in the order of the indices.
    """
    height, width, channels = images.shape[1:]
    names = [as_label(name) for name in class_names[:MOST_CLASSES]]
    down, across = height + 1, width + 1
    picture = np.ones((len(names) * down, IMAGES_PER_CLASS * across, channels))
    for i in range(len(names)):
        own = (targets == i).nonzero().flatten()[:IMAGES_PER_CLASS]
        for j, image in enumerate(images[own].cpu().numpy()):
            top, left = i * down, j * across
            picture[top : top + height, left : left + width] = image
    figure, (axes,) = new_figure(width=6.5, height=0.5 * len(names) + 0.5)
    axes.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_yticks(down * np.arange(len(names)) + height / 2, names)
    axes.set_xticks([])
    axes.grid(visible=False)
    return figure
