"""Some images of each class in one picture."""

import numpy as np
import torch

from litmlp.engine.figures.class_images import class_images


def test_each_class_has_a_row_of_its_images() -> None:
    for channels in (1, 3):
        images = torch.rand(30, 4, 3, channels)
        targets = torch.tensor([0, 1, 1] * 10)
        figure = class_images(images, targets, ["cat", "dog"])
        picture = np.asarray(figure.axes[0].images[0].get_array())
        picture = picture.reshape(*picture.shape[:2], channels)
        for row, column, index in ((0, 0, 0), (0, 9, 27), (1, 0, 1), (1, 3, 5)):
            tile = picture[5 * row : 5 * row + 4, 4 * column : 4 * column + 3]
            np.testing.assert_allclose(tile, images[index])
        labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        assert labels == ["cat", "dog"]
