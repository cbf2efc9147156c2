"""Losses of conf/ against reference values and closed formulas."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from conftest import CONF, Compose
from sklearn.utils.class_weight import compute_class_weight
from small_parts import option
from torch import Tensor, tensor

from litmlp.engine.config.build import build_data, build_model
from litmlp.errors import UserError
from litmlp.losses import HalfSquaredError, compare, taken_by

loss = partial(option, "loss")


def test_cross_entropy_of_the_reference() -> None:
    scores = tensor([[0.2, 0.6, 0.2], [0.1, 0.8, 0.1]], dtype=torch.float64)
    value = loss("cross_entropy")(scores, tensor([1, 2])).item()
    assert value == pytest.approx(1.1200755, abs=5e-8)


def test_binary_cross_entropy_of_the_reference() -> None:
    logits = tensor([0.6901, 0.5459, 0.2469], dtype=torch.float64).logit()
    targets = tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    value = loss("binary_cross_entropy")(logits, targets).item()
    assert value == pytest.approx(0.6867941, abs=5e-8)


@pytest.mark.parametrize(
    ("name", "outputs", "targets", "expected"),
    [
        ("mae", [1.0, 1.0, 1.9], [2.0, 2.0, 2.0], 0.7),
        ("mse", [1.0, 1.0, 1.9], [2.0, 2.0, 2.0], 0.67),
        ("smooth_l1", [0.6, 0.4], [0.0, 3.0], 1.14),
        ("huber", [0.6, 0.4], [0.0, 3.0], 1.14),
        ("half_squared_error", [0.75136507, 0.772928465], [0.01, 0.99], 0.298371109),
    ],
)
def test_regression_loss_of_the_reference(
    name: str, outputs: list[float], targets: list[float], expected: float
) -> None:
    rows = torch.tensor([outputs, targets], dtype=torch.float64)
    value = loss(name)(rows[:1], rows[1:]).item()
    assert value == pytest.approx(expected, abs=1e-8)


def test_half_squared_error_sums_over_outputs_and_averages_over_rows() -> None:
    outputs, targets = torch.randn(5, 3), torch.randn(5, 3)
    value = HalfSquaredError()(outputs, targets)
    torch.testing.assert_close(value, 1.5 * loss("mse")(outputs, targets))
    twice = HalfSquaredError()(torch.cat([outputs] * 2), torch.cat([targets] * 2))
    torch.testing.assert_close(twice, value)


def test_focal_loss_of_gamma_0_is_cross_entropy() -> None:
    scores, classes = torch.randn(6, 3), tensor([0, 1, 2, 0, 1, 2])
    soft, bits = torch.rand(6, 3).softmax(1), tensor([0.0, 1.0] * 3)
    same, focal = loss("cross_entropy"), loss("focal", gamma=0.0)
    torch.testing.assert_close(focal(scores, classes), same(scores, classes))
    torch.testing.assert_close(focal(scores, soft), same(scores, soft))
    binary = loss("binary_cross_entropy")(scores[:, 0], bits)
    torch.testing.assert_close(focal(scores[:, 0], bits), binary)


def test_focal_loss_follows_its_formula() -> None:
    p = tensor([[0.9, 0.05, 0.05], [0.2, 0.3, 0.5]], dtype=torch.float64)
    expected = -(0.1**2 * math.log(0.9) + 0.7**2 * math.log(0.3)) / 2
    value = loss("focal")(p.log(), tensor([0, 1])).item()
    assert value == pytest.approx(expected)
    binary = loss("focal")(p[:, 0].logit(), tensor([1.0, 0.0], dtype=torch.float64))
    expected = -(0.1**2 * math.log(0.9) + 0.2**2 * math.log(0.8)) / 2
    assert binary.item() == pytest.approx(expected)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_loss_has_a_finite_slope_for_a_certain_row(gamma: float) -> None:
    logits = tensor([200.0, -200.0], requires_grad=True)
    loss("focal", gamma=gamma)(logits, tensor([1.0, 1.0])).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("name", ["cross_entropy", "multi_margin"])
def test_balanced_weights_are_those_of_scikit_learn(name: str, config: Compose) -> None:
    composed = config("data=wine", f"loss={name}", "loss.weight=balanced")
    data = build_data(composed)
    labels = data.samples.targets[data.rows["train"]].numpy()
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    weight = build_model(composed, data).loss.weight
    assert weight.tolist() == pytest.approx(expected.tolist())
    assert len(set(data.facts["class_counts"])) == 3  # else all weights would be 1


def test_a_balanced_pos_weight_evens_out_two_classes(config: Compose) -> None:
    composed = config("data=breast_cancer", "loss.pos_weight=balanced")
    data = build_data(composed)
    negative, positive = data.facts["class_counts"]
    assert negative + positive == len(data.rows["train"])
    weight = build_model(composed, data).loss.pos_weight
    assert weight.tolist() == pytest.approx([negative / positive])
    assert positive * weight.item() == pytest.approx(negative)


def test_a_loss_that_does_not_fit_says_what_came() -> None:
    def squares(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).square().mean()

    values = torch.zeros(32, 3)
    assert compare(squares, values, values) == 0
    with pytest.raises(UserError, match=r"squares does not take outputs \[32, 3\] and"):
        compare(squares, values, torch.zeros(32))
    with pytest.raises(UserError, match=r"a scalar tensor, and gave \[32, 3\]"):
        compare(torch.sub, values, values)
    with pytest.raises(UserError, match="a scalar tensor, and gave float"):
        compare(lambda outputs, targets: 0.5, values, values)


def test_a_function_says_what_it_takes_as_a_module_does() -> None:
    def own(outputs: Tensor, targets: Tensor, *, power: float) -> Tensor:
        return (outputs - targets).abs().pow(power).mean()

    assert taken_by(partial(own, power=3.0), "class_logits") == "class_logits"
    own.takes = "values"  # type: ignore[attr-defined]  # as the README says
    assert taken_by(partial(own, power=3.0), "class_logits") == "values"


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (CONF / "loss").glob("*.yaml"))
)
def test_weights_multiply_the_losses_of_rows(name: str) -> None:
    built, weights = loss(name), torch.rand(6)
    targets: Tensor = torch.rand(6, 2)
    outputs: Tensor = torch.randn(6, 2 * getattr(built, "num_parameters", 1))
    takes = taken_by(built, "values")
    if takes == "class_logits":
        targets = torch.randint(2, (6,))
    elif takes != "values":
        outputs, targets = outputs[:, 0], torch.randint(2, (6,)) * 1.0
    rows = zip(outputs.split(1), targets.split(1), strict=True)
    each = torch.stack([built(*row) for row in rows])
    torch.testing.assert_close(
        compare(built, outputs, targets, weights), (weights * each).mean()
    )
    torch.testing.assert_close(
        compare(built, outputs, targets, torch.ones(6)), built(outputs, targets)
    )
