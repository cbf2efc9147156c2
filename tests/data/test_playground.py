"""Playground sets against the formulas of playground.tensorflow.org."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from litmlp.data.playground import PlaygroundData
from litmlp.errors import UserError

CLASSES = ["circle", "xor", "gauss", "spiral"]
VALUES = ["plane", "gauss_regression"]
HILLS = [
    *((-4, 2.5, 1), (0, 2.5, -1), (4, 2.5, 1)),
    *((-4, -2.5, -1), (0, -2.5, 1), (4, -2.5, -1)),
]
"""Where, and 1 for up."""


def drawn(name: str, **changes: object) -> tuple[Tensor, Tensor]:
    samples = PlaygroundData(name=name, **{"num_samples": 400, **changes}).load()
    return samples.inputs, samples.targets


def disagreement(name: str, noise: float) -> float:
    """Share of the points that noise puts on the other side of a rule without it."""
    points, targets = drawn(name, noise=noise, num_samples=2000)
    rule = points.norm(dim=1) < 2.5 if name == "circle" else points.prod(dim=1) >= 0
    return (rule.long() != targets).float().mean().item()


def test_circle_is_a_disc_in_a_ring_with_a_gap() -> None:
    points, targets = drawn("circle")
    radius = points.norm(dim=1)
    assert radius[targets == 1].max() <= 2.5
    assert radius[targets == 0].min() >= 3.5
    assert radius.max() <= 5


def test_xor_is_blue_where_signs_agree_with_a_gap_along_the_axes() -> None:
    points, targets = drawn("xor")
    assert torch.equal(targets, (points[:, 0] * points[:, 1] >= 0).long())
    assert points.abs().min() >= 0.3
    assert points.abs().max() <= 5.3


@pytest.mark.parametrize(("noise", "variance"), [(0.0, 0.5), (0.5, 4.0)])
def test_gauss_is_two_clouds_that_noise_widens(noise: float, variance: float) -> None:
    points, targets = drawn("gauss", noise=noise, num_samples=4000)
    for label, centre in ((1, 2.0), (0, -2.0)):
        cloud = points[targets == label]
        assert cloud.mean(0).tolist() == pytest.approx([centre] * 2, abs=0.15)
        assert cloud.var(0).tolist() == pytest.approx([variance] * 2, rel=0.1)


def test_spiral_arms_are_the_formula_half_a_turn_apart() -> None:
    points, targets = drawn("spiral", num_samples=200)
    i = torch.arange(100).double()
    angle = 1.75 * i / 100 * 2 * math.pi
    arm = 5 * i[:, None] / 100 * torch.stack([angle.sin(), angle.cos()], dim=1)
    torch.testing.assert_close(points[targets == 1], arm)
    torch.testing.assert_close(points[targets == 0], -arm)


def test_plane_is_a_tenth_of_the_sum() -> None:
    points, targets = drawn("plane")
    assert points.abs().max() <= 6
    torch.testing.assert_close(targets[:, 0], points.sum(dim=1) / 10)


def test_gauss_regression_is_three_hills_and_three_hollows() -> None:
    points, targets = drawn("gauss_regression")
    expected = []
    for x1, x2 in points.tolist():
        slopes = [
            sign * max(0.0, 1 - math.hypot(x1 - c1, x2 - c2) / 2)
            for c1, c2, sign in HILLS
        ]
        expected.append(max(slopes, key=abs))
    assert targets[:, 0].tolist() == pytest.approx(expected, abs=1e-5)
    assert targets.min() < -0.7 < 0.7 < targets.max()


@pytest.mark.parametrize("name", ["circle", "xor"])
def test_noise_puts_points_on_the_other_side(name: str) -> None:
    assert disagreement(name, 0.0) == 0
    assert 0 < disagreement(name, 0.1) < disagreement(name, 0.5) < 0.5


@pytest.mark.parametrize("name", CLASSES + VALUES)
def test_points_follow_from_the_seed(name: str) -> None:
    first, again, other = (
        drawn(name, seed=s, noise=0.1, num_samples=401) for s in (0, 0, 1)
    )
    assert first[0].shape == (401, 2)
    assert first[1].shape == ((401,) if name in CLASSES else (401, 1))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


@pytest.mark.parametrize("name", VALUES)
def test_outliers_are_a_share_of_the_points_and_move_no_other(name: str) -> None:
    points, targets = drawn(name)
    same_points, strayed = drawn(name, outliers=0.1)
    assert torch.equal(points, same_points)
    far = strayed[:, 0] == 10
    assert far.sum() == 40
    assert torch.equal(strayed[~far], targets[~far])


def test_inputs_are_functions_of_the_point_in_the_order_chosen() -> None:
    x1, x2 = drawn("xor")[0].T
    columns = {
        "sin_x2": torch.sin(x2),
        "x1_x2": x1 * x2,
        "x1_squared": x1**2,
        "x2": x2,
        "x2_squared": x2**2,
        "sin_x1": torch.sin(x1),
        "x1": x1,
    }
    samples = PlaygroundData(name="xor", num_samples=400, inputs=list(columns)).load()
    assert [column.name for column in samples.columns] == list(columns)
    torch.testing.assert_close(samples.inputs, torch.stack([*columns.values()], dim=1))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"noise": 0.6}, "noise=0.6: must lie between 0 and 0.5"),
        ({"outliers": 0.6}, "outliers=0.6: must lie between 0 and 0.5"),
        ({"outliers": 0.1}, "outliers=0.1: xor has no values"),
        ({"num_samples": 1}, "num_samples=1: must be 2 or more"),
        ({"inputs": ["x1_sq"]}, r"inputs=x1_sq: .*Did you mean x1_squared\?"),
        ({"inputs": []}, "inputs is empty"),
    ],
)
def test_impossible_values_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        drawn("xor", **options)
