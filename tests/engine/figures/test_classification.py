"""Pictures of a classifier: what they show, and that no data break them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from torch import Tensor

from litmlp.engine.figures import classification
from litmlp.engine.figures.classification import PICTURES, worst_predictions
from litmlp.engine.figures.style import save

LONG = "a class whose name has $ signs_and goes on\nfor more than a line"


def classified(num_rows: int, num_classes: int) -> tuple[Tensor, Tensor, list[str]]:
    """Random classes, probabilities that know something of them, and names."""
    targets = torch.randint(num_classes, (num_rows,))
    logits = torch.randn(num_rows, num_classes)
    logits[torch.arange(num_rows), targets] += 1
    names = [LONG, "_x", *(f"class {index}" for index in range(num_classes))]
    return targets, logits.softmax(dim=1), names[:num_classes]


def table(figure: Figure) -> list[list[str]]:
    """The texts of a picture that is a table, row by row."""
    cells = figure.axes[0].tables[0].get_celld()
    height, width = (1 + max(place[axis] for place in cells) for axis in (0, 1))
    return [
        [cells[row, column].get_text().get_text() for column in range(width)]
        for row in range(height)
    ]


@pytest.mark.parametrize(
    "case",
    [
        classified(200, 2),
        classified(1000, 40),
        classified(1, 3),
        (torch.zeros(50, dtype=torch.long), torch.full((50, 4), 0.25), list("abcd")),
        classified(100_000, 2),
    ],
    ids=["binary", "many classes", "one row", "constant", "many rows"],
)
def test_every_picture_can_be_drawn(
    case: tuple[Tensor, Tensor, list[str]], tmp_path: Path
) -> None:
    for name, picture in [*PICTURES.items(), ("worst", worst_predictions)]:
        save(picture(*case), tmp_path / f"{name}.png")
        assert 3000 < (tmp_path / f"{name}.png").stat().st_size < 1_000_000


def test_the_confusion_matrix_has_shares_as_colours_and_rows_as_numbers() -> None:
    targets, probabilities, names = classified(200, 4)
    targets[targets == 3] = 2
    counts = confusion_matrix(targets, probabilities.argmax(dim=1), labels=range(4))
    axes = classification.confusion_matrix(targets, probabilities, names).axes[0]
    shares = axes.images[0].get_array()
    assert shares is not None
    np.testing.assert_allclose(shares[:3], counts[:3] / counts[:3].sum(1)[:, None])
    assert shares.mask[3].all()
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    for (true, predicted), count in np.ndenumerate(counts):
        assert texts.get((predicted, true)) == (str(count) if count else None)
    assert axes.get_title(loc="left") == f"{np.trace(counts)} of 200 rows are right"


@pytest.mark.parametrize(
    ("picture", "curve", "score"),
    [
        (classification.roc, lambda *c: roc_curve(*c)[:2], roc_auc_score),
        (
            classification.precision_recall,
            lambda *c: precision_recall_curve(*c, drop_intermediate=True)[1::-1],
            average_precision_score,
        ),
    ],
)
@pytest.mark.parametrize("num_classes", [2, 3])
def test_curves_are_scikit_learns(
    picture: Callable[..., Figure],
    curve: Callable[..., tuple[np.ndarray, np.ndarray]],
    score: Callable[..., float],
    num_classes: int,
) -> None:
    targets, probabilities, names = classified(100, num_classes)
    axes = picture(targets, probabilities, names).axes[0]
    shown = range(1, 2) if num_classes == 2 else range(num_classes)
    for line, index in zip(axes.lines, shown, strict=False):
        truth, probability = targets == index, probabilities[:, index].double()
        x, y = curve(truth, probability)
        np.testing.assert_array_equal(line.get_xdata(), x)
        np.testing.assert_array_equal(line.get_ydata(), y)
        value = f"{score(truth, probability):.3f}"
        assert value in f"{line.get_label()} {axes.get_title(loc='left')}"


def test_of_many_curves_the_worst_have_names() -> None:
    targets, probabilities, names = classified(600, 30)
    areas = [
        roc_auc_score(targets == index, probabilities[:, index]) for index in range(30)
    ]
    axes = classification.roc(targets, probabilities, names).axes[0]
    legend = axes.get_legend()
    assert legend is not None
    texts = [text.get_text() for text in legend.get_texts()]
    assert len(texts) == 8
    assert texts[0].startswith(f"{min(areas):.3f}")
    assert texts[-1] == f"≥ {sorted(areas)[7]:.3f}  23 others"


def test_the_worst_predictions_are_those_of_the_smallest_probability() -> None:
    targets = torch.tensor([0, 1, 1, 2])
    probabilities = torch.tensor(
        [[0.5, 0.3, 0.2], [0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.2, 0.7, 0.1]]
    )
    rows = table(worst_predictions(targets, probabilities, ["a", "b", "c"]))[1:]
    assert rows[0] == ["1", "b", "a", "0.900", "0.05"]
    assert [row[0] for row in rows] == ["1", "3", "0", "2"]
    named = worst_predictions(
        targets, probabilities, list("abc"), row_names=list("wxyz")
    )
    assert [row[0] for row in table(named)[1:]] == ["x", "z", "w", "y"]
