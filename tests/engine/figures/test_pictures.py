"""Pictures of classifiers and regressors: what they show, for any data."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    r2_score,
    roc_auc_score,
    roc_curve,
)
from torch import Tensor

from litmlp.engine.figures import classification, regression
from litmlp.engine.figures.inputs import class_images, square
from litmlp.engine.figures.plane import mixed
from litmlp.engine.figures.style import as_png, new_figure, save

LONG = "a class whose name has $ signs_and goes on\nfor more than a line"
Case = tuple[Tensor, Tensor, list[str]]


def classified(num_rows: int, num_classes: int) -> Case:
    """Random classes, probabilities that know something of them, and names."""
    targets = torch.randint(num_classes, (num_rows,))
    logits = torch.randn(num_rows, num_classes)
    logits[torch.arange(num_rows), targets] += 1
    names = [LONG, "_x", *(f"class {index}" for index in range(num_classes))]
    return targets, logits.softmax(dim=1), names[:num_classes]


def predicted(num_rows: int, num_targets: int) -> Case:
    """Random values, predictions that know something of them, and names."""
    targets = 100 * torch.randn(num_rows, num_targets)
    predictions = 0.8 * targets + 20 * torch.randn(num_rows, num_targets)
    names = ["income in $ or $", *(f"target {index}" for index in range(num_targets))]
    return targets, predictions, names[:num_targets]


CLASSES: dict[str, Case] = {
    "two classes": classified(200, 2),
    "many classes": classified(1000, 40),
    "one row": classified(1, 3),
    "one class": (torch.zeros(50).long(), torch.full((50, 4), 0.25), list("abcd")),
    "many rows": classified(100_000, 2),
}
VALUES: dict[str, Case] = {
    "two targets": predicted(200, 2),
    "one row": predicted(1, 1),
    "many rows": predicted(100_000, 1),
    "constant": (predicted(5000, 1)[0], torch.full((5000, 1), 3.0), ["constant"]),
    "huge": (torch.full((5, 1), 3e17), torch.full((5, 1), 1e17), ["huge"]),
    "zero": (torch.zeros(5, 1), torch.zeros(5, 1), ["zero"]),
}


CASES = [(classification, name) for name in CLASSES]
CASES += [(regression, name) for name in VALUES]


@pytest.mark.parametrize(("kind", "case"), CASES)
def test_every_picture_can_be_drawn(
    kind: ModuleType, case: str, tmp_path: Path
) -> None:
    data = (CLASSES if kind is classification else VALUES)[case]
    for name, picture in kind.PICTURES.items():
        save(picture(*data), tmp_path / f"{name}.png")
        assert 3000 < (tmp_path / f"{name}.png").stat().st_size < 1_000_000


def test_letters_that_the_font_lacks_are_no_warning() -> None:
    figure, (panel,) = new_figure()
    panel.set_title("名前")
    assert as_png(figure).startswith(b"\x89PNG")  # warnings are errors in tests


def test_the_confusion_matrix_has_fractions_as_colours_and_rows_as_numbers() -> None:
    targets, probabilities, names = classified(200, 4)
    targets[targets == 3] = 2
    counts = confusion_matrix(targets, probabilities.argmax(dim=1), labels=range(4))
    axes = classification.confusion_matrix(targets, probabilities, names).axes[0]
    fractions = axes.images[0].get_array()
    assert fractions is not None
    np.testing.assert_allclose(fractions[:3], counts[:3] / counts[:3].sum(1)[:, None])
    assert fractions.mask[3].all()
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


def test_points_are_predictions_against_true_values() -> None:
    targets, predictions, names = predicted(50, 2)
    for index, axes in enumerate(
        regression.predicted_vs_true(targets, predictions, names).axes
    ):
        true, guess = targets[:, index].double(), predictions[:, index].double()
        points = axes.collections[0].get_offsets()
        np.testing.assert_array_equal(points, torch.stack([true, guess], dim=1))
        assert f"R² {r2_score(true, guess):.3f}" in axes.get_title(loc="left")
        assert axes.get_xlim() == axes.get_ylim()


def test_residuals_are_what_is_left_of_the_true_values() -> None:
    targets, predictions, names = predicted(100, 1)
    left, right = regression.residuals(targets, predictions, names).axes
    rest = (targets.double() - predictions.double()).squeeze(1)
    guess = predictions.double().squeeze(1)
    points = left.collections[0].get_offsets()
    np.testing.assert_array_equal(points, torch.stack([guess, rest], dim=1))
    bars = right.containers[0]
    assert sum(bar.get_height() for bar in bars) == 100
    edges = [*(bar.get_x() for bar in bars), right.get_xlim()[1]]
    expected, _ = np.histogram(rest, bins=edges)
    assert [bar.get_height() for bar in bars] == expected.tolist()


def test_many_rows_are_counted_and_of_many_targets_the_first_few_are_drawn() -> None:
    axes = regression.predicted_vs_true(*predicted(5000, 1)).axes[0]
    counts = axes.collections[0].get_array()
    assert counts is not None
    assert counts.sum() == 5000
    figure = regression.predicted_vs_true(*predicted(20, 30))
    assert len(figure.axes) == 12
    assert figure.get_suptitle() == "the first 12 of 30 targets"


def test_each_class_has_a_row_of_its_images() -> None:
    for channels in (1, 3):
        images = torch.rand(30, 4, 3, channels)
        targets = torch.tensor([0, 1, 1] * 10)
        axes = class_images(images, targets, ["cat", "dog"]).axes[0]
        picture = np.asarray(axes.images[0].get_array()).reshape(10, 40, channels)
        for row, column, index in ((0, 0, 0), (0, 9, 27), (1, 0, 1), (1, 3, 5)):
            tile = picture[5 * row : 5 * row + 4, 4 * column : 4 * column + 3]
            np.testing.assert_allclose(tile, images[index])
        labels = [label.get_text() for label in axes.get_yticklabels()]
        assert labels == ["cat", "dog"]


def test_tiles_stand_in_a_square() -> None:
    tiles = np.arange(5 * 4.0).reshape(5, 2, 2)
    picture = square(tiles)
    assert picture.shape == (5, 8)
    assert picture[:2, 3:5].tolist() == tiles[1].tolist()
    assert picture[3:, :2].tolist() == tiles[3].tolist()
    assert np.isnan(picture[2]).all()


def test_an_uncertain_point_is_white_and_a_certain_one_has_its_class() -> None:
    white, orange, blue = mixed(np.array([[0.5, 0.5], [1.0, 0.0], [0.0, 1.0]]))
    assert white == pytest.approx([1, 1, 1])
    assert orange[0] > orange[2]
    assert blue[2] > blue[0]
