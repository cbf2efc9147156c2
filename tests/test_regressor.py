"""The regressor: it trains on the scaled target and speaks in the target's units."""

from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import r2_score
from small_parts import a_regressor
from torch import Tensor, nn, tensor
from torchmetrics import R2Score

from litmlp.errors import UserError
from litmlp.losses import HalfSquaredError

MEAN, STD = [10.0, -3.0], [2.0, 0.5]
TARGETS = tensor([[12.0, -3.5], [9.0, -2.0], [10.0, -3.0]])


regressor = partial(a_regressor, target_mean=MEAN, target_std=STD)


def outputs() -> Tensor:
    return torch.randn(3, 2, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("loss", "reference"),
    [
        (nn.HuberLoss(delta=0.5), partial(F.huber_loss, delta=0.5)),
        (HalfSquaredError(), lambda o, t: (o - t).square().sum(1).mean() / 2),
    ],
)
def test_loss_compares_the_network_with_the_scaled_target(
    loss: nn.Module, reference: Any
) -> None:
    scaled = tensor([[1.0, -1.0], [-0.5, 2.0], [0.0, 0.0]])
    value = regressor(loss=loss).compute_loss(outputs(), TARGETS)
    torch.testing.assert_close(value, reference(outputs(), scaled))


def test_predictions_and_metrics_are_in_the_targets_units() -> None:
    model = regressor()
    expected = outputs() * tensor(STD) + tensor(MEAN)
    torch.testing.assert_close(model.predict(outputs()), expected)
    predicted, targets = model.for_metrics(outputs(), TARGETS)
    torch.testing.assert_close(predicted, expected.double())
    assert torch.equal(targets, TARGETS.double())


def test_r2_of_targets_far_from_zero_is_scikit_learns() -> None:
    targets = (20_000 + 4 * torch.randn(300, 1)).round()
    model = regressor(
        num_outputs=1,
        target_mean=[20_000.0],
        target_std=[4.0],
    )
    outputs = (targets - 20_000) / 4 + 0.3 * torch.randn(300, 1)
    predicted, true = model.for_metrics(outputs, targets)
    expected = r2_score(true.numpy(), predicted.numpy())
    assert float(R2Score()(predicted, true)) == pytest.approx(expected, abs=1e-6)


def test_output_activation_can_be_overridden() -> None:
    model = a_regressor(output_activation=nn.Sigmoid)
    torch.testing.assert_close(model.predict(outputs()), outputs().sigmoid())
    value = model.compute_loss(outputs(), TARGETS)
    torch.testing.assert_close(value, F.mse_loss(outputs().sigmoid(), TARGETS))


def test_target_scale_is_part_of_the_checkpoint() -> None:
    state = regressor().state_dict()
    assert state["target_mean"].tolist() == MEAN
    assert state["target_std"].tolist() == STD


@pytest.mark.parametrize(
    "loss",
    [
        nn.CrossEntropyLoss(),
        nn.MultiMarginLoss(),
        nn.BCEWithLogitsLoss(),
        nn.SoftMarginLoss(),
    ],
)
def test_a_loss_for_classes_is_refused(loss: nn.Module) -> None:
    with pytest.raises(UserError, match=f"{type(loss).__name__} needs classes"):
        regressor(loss=loss)


@pytest.mark.parametrize(
    "changes",
    [{"num_outputs": 3}, {"target_names": ["u"]}, {"target_mean": [0.0]}],
)
def test_numbers_of_outputs_and_targets_must_agree(changes: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"\d outputs for \d targets with \d means"):
        regressor(**changes)
