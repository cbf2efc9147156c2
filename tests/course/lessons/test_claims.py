"""Verdicts on claims, from the values of made-up runs."""

import math
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import ttest_1samp

from litmlp.course.lessons.claims import Claim, Judgement, interval
from litmlp.course.lessons.sweep_runs import SweepRun
from litmlp.errors import UserError

SIGMOID = [0.010, 0.012, 0.009, 0.011, 0.010]
RELU = [0.50, 0.45, 0.60, 0.55, 0.52]


def values(**groups: list[float]) -> dict[SweepRun, float]:
    """Return one run per value; its seed is its index in the list."""
    return {
        SweepRun(Path(name), {"activation": name}, repeat=(f"seed={seed}",)): value
        for name, group in groups.items()
        for seed, value in enumerate(group)
    }


def claim(**changes: Any) -> Claim:
    sides = {"of": {"activation": "relu"}, "against": {"activation": "sigmoid"}}
    return Claim(**{"says": "more", "measure": "x", "above": 0.0, **sides, **changes})


def test_the_interval_is_students() -> None:
    expected = ttest_1samp(RELU, 0).confidence_interval(0.95)
    mean, low, high = interval(RELU)
    assert mean == pytest.approx(sum(RELU) / 5)
    assert (low, high) == pytest.approx(tuple(expected))


def test_a_difference_is_taken_seed_by_seed() -> None:
    pairs = [relu - sigmoid for relu, sigmoid in zip(RELU, SIGMOID, strict=True)]
    judgement = claim().judge(values(sigmoid=SIGMOID, relu=RELU))
    assert judgement.verdict == "supported"
    assert judgement.seeds == 5
    found = judgement.effect, judgement.low, judgement.high
    assert found == pytest.approx(interval(pairs))
    assert claim().judge(values(sigmoid=SIGMOID[:3], relu=RELU)).seeds == 3


def test_a_ratio_is_a_geometric_mean() -> None:
    logs = [math.log(r / s) for r, s in zip(RELU, SIGMOID, strict=True)]
    times = claim(compare="ratio", above=10)
    judgement = times.judge(values(sigmoid=SIGMOID, relu=RELU))
    found = judgement.effect, judgement.low, judgement.high
    assert found == pytest.approx([math.exp(log) for log in interval(logs)])
    assert judgement.verdict == "supported"
    assert str(judgement) == "×50.4 (39.1 to 64.9)"


@pytest.mark.parametrize(
    ("expected", "verdict"),
    [
        ({"above": 0.3}, "supported"),
        ({"above": 0.6}, "not supported"),  # there, but not as large
        ({"below": 0.0}, "reversed"),
        ({"above": 0.4, "below": 0.6}, "supported"),
        ({"above": 0.52, "below": 0.6}, "not supported"),  # not all of its interval
        ({"above": -0.1, "below": 0.1}, "not supported"),  # they should be alike
        ({"compare": "ratio", "below": 1.0}, "reversed"),
        ({"compare": "ratio", "above": 100.0}, "not supported"),
    ],
)
def test_the_whole_interval_must_lie_where_the_claim_says(
    expected: dict[str, Any], verdict: str
) -> None:
    sides = values(sigmoid=SIGMOID, relu=RELU)
    assert claim(**{"above": -math.inf, **expected}).judge(sides).verdict == verdict


def test_one_side_alone_is_an_effect() -> None:
    own = claim(against=None, above=0.4)
    judgement = own.judge(values(sigmoid=SIGMOID, relu=RELU))
    assert judgement.verdict == "supported"
    assert judgement.effect == pytest.approx(sum(RELU) / 5)
    assert str(judgement) == "0.524 (0.455 to 0.593)"


@pytest.mark.parametrize(
    "sides",
    [
        {"relu": RELU},
        {"relu": RELU, "sigmoid": SIGMOID[:1]},
        {"relu": RELU, "sigmoid": [*SIGMOID[:4], math.nan]},
        {"relu": RELU, "sigmoid": [*SIGMOID[:4], math.inf]},
    ],
)
def test_what_cannot_be_compared_is_not_measured(sides: dict[str, list[float]]) -> None:
    judgement = claim().judge(values(**sides))
    assert judgement.verdict == "not measured"
    assert str(judgement) == ""


@pytest.mark.parametrize(
    ("over", "expected"), [("mean", 2.5), ("smallest", 1.0), ("range", 3.0)]
)
def test_several_runs_of_a_seed_count_as_one(over: Any, expected: float) -> None:
    runs = {
        SweepRun(Path(), {"lr": lr}, repeat=(f"seed={seed}",)): value
        for seed in range(3)
        for lr, value in ((0.1, 1.0), (1.0, 4.0))
    }
    judgement = Claim(says="", measure="x", of={}, over=over, above=0.0).judge(runs)
    assert judgement.effect == expected
    assert judgement.seeds == 3


def test_effects_are_written_with_their_signs() -> None:
    down = Judgement(claim(), "reversed", 5, effect=-0.25, low=-0.5, high=-0.125)
    assert str(down) == "−0.25 (−0.5 to −0.125)"
    times = claim(compare="ratio")
    up = Judgement(times, "supported", 5, effect=323714.1, low=999.9, high=1.23456e-7)
    assert str(up) == "×324,000 (1,000 to 1.23e−07)"


def test_a_claim_must_claim_something() -> None:
    with pytest.raises(UserError, match="needs above or below"):
        claim(above=-math.inf)
    with pytest.raises(UserError, match="compares nothing: give against"):
        claim(against=None, compare="ratio")
