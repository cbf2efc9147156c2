"""The effect of initializers on a deep network."""

import functools
import math

import pytest
from built import parts

from litmlp.course.gallery.draw import fix_random_numbers
from litmlp.course.gallery.initializer import WIDTH, Fill, measure, verdict


@functools.cache
def measured(name: str) -> Fill:
    with fix_random_numbers():
        return measure(*parts("initializer", name))


def test_he_holds_what_xavier_halves_through_relu() -> None:
    for direction in ("forward", "backward"):
        he = measured("kaiming_normal").journeys["relu"].factors[direction]
        xavier = measured("xavier_normal").journeys["relu"].factors[direction]
        assert he == pytest.approx(1, abs=0.05)
        assert xavier == pytest.approx(math.sqrt(1 / 2), abs=0.05)


@pytest.mark.parametrize("name", ["zeros", "ones", "constant"])
def test_units_that_start_the_same_are_the_same(name: str) -> None:
    for journey in measured(name).journeys.values():
        assert journey.distinct == 1
    assert measured("xavier_normal").journeys["tanh"].distinct == WIDTH


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (0, "nothing arrives"),
        (0.5, "× 0.5 per layer, vanishes"),
        (1.02, "× 1 per layer, holds"),
        (11.3, "× 11 per layer, explodes"),
    ],
)
def test_verdict_is_about_the_whole_depth(factor: float, words: str) -> None:
    assert verdict(factor) == words
