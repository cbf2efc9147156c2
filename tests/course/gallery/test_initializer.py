"""Theory against drawn weights, and what initializers do to a deep network."""

import functools
import math
from functools import partial

import pytest
from built import parts
from torch import nn

from litmlp.course.gallery.draw import repeatable
from litmlp.course.gallery.initializer import DEPTH, WIDTH, Fill, measure, verdict
from litmlp.course.gallery.options import complete_options
from litmlp.course.gallery.theory import theory
from litmlp.errors import UserError
from litmlp.initializers import given_

NAMES = complete_options("initializer")
WITHOUT_THEORY = {"constant", "eye", "ones", "zeros"}


@functools.cache
def measured(name: str) -> Fill:
    with repeatable():
        return measure(*parts("initializer", name))


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_as_theory_says(name: str) -> None:
    fill = measured(name)
    assert (fill.theory is None) == (name in WITHOUT_THEORY)
    if fill.theory:
        assert fill.weights.std() == pytest.approx(fill.theory.std, rel=0.02)
        if fill.theory.bound:
            largest = float(fill.weights.abs().max())
            assert largest == pytest.approx(fill.theory.bound, rel=0.01)
            assert largest <= fill.theory.bound * (1 + 1e-6)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kaiming_normal", "std √(2/fan_in) = 0.0884"),  # √(2/256)
        ("kaiming_uniform", "bound √(6/fan_in) = 0.153"),
        ("xavier_normal", "std √(2/(fan_in + fan_out)) = 0.0722"),  # √(2/384)
        ("xavier_uniform", "bound √(6/(fan_in + fan_out)) = 0.125"),
        ("torch_default", "bound √(1/fan_in) = 0.0625"),
        ("uniform", "bound √(1/fan_out) = 0.0884"),  # 1/√128
        ("normal", "std 1"),
    ],
)
def test_formulas_are_those_of_the_papers(name: str, text: str) -> None:
    assert str(measured(name).theory) == text


def test_arguments_change_the_theory() -> None:
    for fill, std in (
        (partial(nn.init.xavier_normal_, gain=2.0), 2 * math.sqrt(2 / 384)),
        (partial(nn.init.kaiming_uniform_, mode="fan_out"), math.sqrt(2 / 128)),
        (partial(nn.init.kaiming_normal_, nonlinearity="tanh"), 5 / 3 / 16),
        (partial(nn.init.normal_, std=0.3), 0.3),
    ):
        promised = theory(fill, fan_in=256, fan_out=128)
        assert promised is not None
        assert promised.std == pytest.approx(std)


def test_he_holds_what_xavier_halves_through_relu() -> None:
    for direction in ("forward", "backward"):
        he = measured("kaiming_normal").journeys["relu"].factors[direction]
        xavier = measured("xavier_normal").journeys["relu"].factors[direction]
        assert he == pytest.approx(1, abs=0.05)
        assert xavier == pytest.approx(math.sqrt(1 / 2), abs=0.05)


def test_unit_variance_explodes_by_the_width() -> None:
    factors = measured("normal").journeys["relu"].factors
    assert factors["forward"] == pytest.approx(math.sqrt(WIDTH / 2), rel=0.1)
    assert factors["backward"] == pytest.approx(math.sqrt(WIDTH / 2), rel=0.1)
    tanh = measured("normal").journeys["tanh"]
    assert tanh.forward[-1] == pytest.approx(1, abs=0.05), "all saturated"


@pytest.mark.parametrize("name", ["zeros", "ones", "constant"])
def test_units_that_start_the_same_are_the_same(name: str) -> None:
    for journey in measured(name).journeys.values():
        assert journey.distinct == 1
    assert measured("xavier_normal").journeys["tanh"].distinct == WIDTH


def test_given_weights_decide_the_sizes() -> None:
    values = [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    fill = measure(partial(given_, values=values))
    assert fill.weights.tolist() == values
    trip = fill.journeys["relu"]
    assert (trip.width, trip.distinct) == (3, 3)
    assert trip.forward[1:] == pytest.approx([trip.forward[1]] * DEPTH), "a permutation"
    for odd in ([[1.0, 2.0]], [1.0]):
        with pytest.raises(UserError, match="need as many neurons as inputs"):
            measure(partial(given_, values=odd))


def test_nothing_comes_through_zeros() -> None:
    for journey in measured("zeros").journeys.values():
        assert journey.forward[1:] == [0] * DEPTH
        assert journey.backward[:-1] == [0] * DEPTH
        assert journey.factors == {"forward": 0, "backward": 0}


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (0, "nothing arrives"),
        (0.5, "× 0.5 a layer, vanishes"),
        (1.02, "× 1 a layer, holds"),
        (11.3, "× 11 a layer, explodes"),
    ],
)
def test_verdict_is_about_the_whole_depth(factor: float, words: str) -> None:
    assert verdict(factor) == words
