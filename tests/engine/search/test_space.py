"""Hydra's overrides as Optuna's distributions."""

from collections.abc import Sequence

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from litmlp.engine.search.space import Space, read_space
from litmlp.errors import UserError


def read(
    typed: Sequence[str],
    params: dict[str, object] | None = None,
    when: dict[str, dict[str, object]] | None = None,
) -> Space:
    return read_space(typed, params or {}, when or {}, OverridesParser.create())


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("a=interval(0,0.5)", FloatDistribution(0, 0.5)),
        ("a=interval(2,8)", FloatDistribution(2, 8)),
        ("a=tag(log,interval(1e-4,1e-1))", FloatDistribution(1e-4, 1e-1, log=True)),
        ("a=tag(log,int(interval(1,1024)))", IntDistribution(1, 1024, log=True)),
        ("a=range(16,65,16)", IntDistribution(16, 64, step=16)),
        ("a=range(5,1,-2)", IntDistribution(3, 5, step=2)),
        ("a=range(0,1,0.25)", FloatDistribution(0, 0.75, step=0.25)),
        ("a=relu,tanh", CategoricalDistribution(["relu", "tanh"])),
        ("a=choice([64],[64,64])", CategoricalDistribution(["[64]", "[64,64]"])),
        ("a=choice(1,2.5,true,1)", CategoricalDistribution(["1", "2.5", "True"])),
        ("+a={b:1},{b:2}", CategoricalDistribution(["{b:1}", "{b:2}"])),
    ],
)
def test_typed_values_become_distributions(
    override: str, expected: BaseDistribution
) -> None:
    (axis,) = read([override]).axes
    assert axis.key == override.partition("=")[0]
    assert axis.distribution == expected


def test_the_command_line_wins_over_a_file() -> None:
    params: dict[str, object] = {"a": "1,2", "b": "1,2", "c": 3, "e": None}
    space = read(["a=5", "d=8"], params)
    assert [axis.key for axis in space.axes] == ["b"]
    assert space.fixed == ("a=5", "c=3", "e=null", "d=8")


def test_a_typed_value_removes_a_conditional_axis() -> None:
    when: dict[str, dict[str, object]] = {"a=1": {"b": "interval(0.0,1.0)"}}
    assert len(read(["a=1,2"], when=when).axes) == 2
    assert len(read(["a=1,2", "b=0.5"], when=when).axes) == 1


def test_a_condition_can_depend_on_a_conditional_choice() -> None:
    when: dict[str, dict[str, object]] = {"a=1": {"b": "x,y"}, "b=y": {"c": "7,8"}}
    fill = read(["a=1,2"], when=when).fill
    assert fill(lambda axis: axis.values()[-1]) == ("a=2",)
    assert fill(lambda axis: axis.values()[0]) == ("a=1", "b=x")
    chosen = {"a": "1", "b": "y", "c": "8"}
    assert fill(lambda axis: chosen[axis.key]) == ("a=1", "b=y", "c=8")


def test_examples_hold_every_choice() -> None:
    space = read(["a=1,2,3", "b=x,y", "c=interval(0.5,1.0)", "d=4"])
    assert list(space.examples()) == [
        ("d=4", "a=1", "b=x", "c=0.5"),
        ("d=4", "a=2", "b=y", "c=0.5"),
        ("d=4", "a=3", "b=x", "c=0.5"),
    ]


def test_seeds_and_folds_repeat() -> None:
    space = read(["a=1,2", "seed=range(2)", "+data.fold=0,1", "seeds.order=3"])
    assert space.fixed == ("seeds.order=3",)
    assert space.repeats == [
        ("seed=0", "+data.fold=0"),
        ("seed=0", "+data.fold=1"),
        ("seed=1", "+data.fold=0"),
        ("seed=1", "+data.fold=1"),
    ]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("a=interval(2,1)", r"a=interval\(2,1\): `low <= high` must hold"),
        ("a=tag(log,interval(0,1.5))", "log"),
        ("a=1", "there is nothing to search"),
        ("a=range(3,3)", r"a=range\(3,3\) has no value"),
    ],
)
def test_values_that_cannot_be_searched_are_refused(override: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read([override])


def test_a_condition_that_never_holds_is_refused() -> None:
    with pytest.raises(UserError, match=r"a=3 is not one of .* Did you mean a=2"):
        read(["a=1,2"], when={"a=3": {"b": "1,2"}})
