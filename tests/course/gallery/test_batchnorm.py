"""What the pictures of batch normalization show."""

import functools

import pytest
import torch
from built import parts

from litmlp.course.gallery.batchnorm import BATCHES, Stages, measure
from litmlp.course.gallery.draw import fix_random_numbers


@functools.cache
def stages(name: str) -> Stages:
    with fix_random_numbers():
        return measure(*parts("batchnorm", name))


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("before_activation", ["Linear", "BatchNorm", "ReLU"]),
        ("after_activation", ["Linear", "ReLU", "BatchNorm"]),
        ("none", ["Linear", "Identity", "ReLU"]),
    ],
)
def test_parts_are_in_the_order_of_the_block(name: str, order: list[str]) -> None:
    assert list(stages(name).outputs) == order


def test_a_batch_is_normalized_unit_by_unit() -> None:
    outputs = stages("before_activation").outputs
    linear, normalized = outputs["Linear"], outputs["BatchNorm"]
    expected = (linear - linear.mean(0)) / linear.std(0, correction=0)
    assert torch.allclose(normalized, expected, atol=1e-3)
    assert linear.mean(0).abs().max() > 1
    assert torch.equal(outputs["ReLU"], normalized.clamp(min=0))


def test_evaluation_catches_up_with_the_running_statistics() -> None:
    seen = stages("before_activation")
    linear = seen.outputs["Linear"]
    assert torch.allclose(seen.means[0], linear.mean(0), atol=1e-3), "mean 0, var 1"
    after_one = linear.mean(0) - 0.1 * linear.mean(0)
    variance = 0.9 + 0.1 * linear.var(0)
    assert torch.allclose(seen.means[1], after_one / variance.sqrt(), atol=1e-3)
    assert seen.means[BATCHES].abs().max() < 0.1
    assert (seen.stds[BATCHES] - 1).abs().max() < 0.1


def test_without_batchnorm_nothing_is_normalized() -> None:
    none = stages("none")
    assert torch.equal(none.outputs["Identity"], none.outputs["Linear"])
    assert torch.equal(none.means[0], none.means[BATCHES])
