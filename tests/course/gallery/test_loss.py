"""The numbers behind the losses' pictures."""

import math

import pytest
import torch
from built import parts
from conftest import CONF
from torch import Tensor, nn

from litmlp.course.gallery.loss import ERRORS, LEADS, kind_of, measure
from litmlp.losses import taken_by

NAMES = sorted(path.stem for path in (CONF / "loss").glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_kind_is_found_by_trying(name: str) -> None:
    (loss,) = parts("loss", name)
    kinds = {
        "class_logits": "multiclass",
        "binary_logit": "binary",
        "signed_logit": "binary",
        "values": "regression",
    }
    assert kind_of(loss, 3) == kinds[taken_by(loss, "values")]


def pinball(outputs: Tensor, targets: Tensor) -> Tensor:
    errors = targets - outputs
    return torch.maximum(0.9 * errors, -0.1 * errors).mean()


def focal(outputs: Tensor, targets: Tensor) -> Tensor:
    cross_entropy = nn.functional.cross_entropy(outputs, targets, reduction="none")
    return ((1 - torch.exp(-cross_entropy)) ** 2 * cross_entropy).mean()


def test_a_loss_of_ones_own_is_recognized() -> None:
    assert kind_of(pinball, 3) == "regression"
    assert kind_of(focal, 3) == "multiclass"
    curve = measure(pinball)
    assert curve.slope_at(-1) == pytest.approx(-0.9)
    assert curve.slope_at(1) == pytest.approx(0.1)


def test_what_is_no_loss_is_refused() -> None:
    with pytest.raises(ValueError, match="takes the outputs and targets of no task"):
        kind_of(nn.ReLU(), 3)


@pytest.mark.parametrize(
    ("loss", "values", "slopes"),
    [
        (nn.L1Loss(), ERRORS.abs(), ERRORS.sign()),
        (nn.MSELoss(), ERRORS**2, 2 * ERRORS),
        (
            nn.SmoothL1Loss(),
            torch.where(ERRORS.abs() < 1, ERRORS**2 / 2, ERRORS.abs() - 0.5),
            ERRORS.clamp(-1, 1),
        ),
    ],
)
def test_regression_losses_follow_their_formulas(
    loss: nn.Module, values: Tensor, slopes: Tensor
) -> None:
    curve = measure(loss)
    assert curve.probabilities is None
    assert torch.allclose(curve.values, values, atol=1e-6)
    assert torch.allclose(curve.slopes, slopes, atol=1e-6)


def test_cross_entropy_is_minus_log_of_the_probability() -> None:
    curve = measure(nn.CrossEntropyLoss())
    assert curve.probabilities is not None
    softmax = torch.exp(LEADS) / (torch.exp(LEADS) + 2)
    assert torch.allclose(curve.probabilities, softmax)
    assert torch.allclose(curve.values, -torch.log(softmax), atol=1e-5)
    assert torch.allclose(curve.slopes, softmax - 1, atol=1e-5)
    assert curve.value_at(0) == pytest.approx(math.log(3))


def test_binary_losses_see_the_second_class() -> None:
    for loss in (nn.BCEWithLogitsLoss(), nn.SoftMarginLoss()):
        curve = measure(loss)
        assert curve.probabilities is not None
        assert torch.allclose(curve.probabilities, torch.sigmoid(LEADS))
        assert torch.allclose(curve.values, -nn.functional.logsigmoid(LEADS), atol=1e-5)


def test_class_weights_say_how_many_classes_there_are() -> None:
    curve = measure(nn.CrossEntropyLoss(weight=torch.ones(5)))
    assert curve.value_at(0) == pytest.approx(math.log(5))
