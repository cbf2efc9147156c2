"""The effect of each axis, on made-up numbers with known effects."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from made_up import make_sweep

from litmlp.engine.report.comparable_runs import Problem
from litmlp.engine.report.sentences import equal_levels
from litmlp.engine.report.text_tables import table_of_effects

ACTIVATIONS = {"relu": 0.0, "tanh": 4.0}
RATES = {0.1: 0.0, 0.01: 1.0, 0.001: 2.0}
SEEDS = {0: 0.0, 1: 0.5}


@pytest.fixture
def additive(tmp_path: Path) -> Problem:
    """A full grid in which activation, rate and seed add up."""
    grid = product(ACTIVATIONS.items(), RATES.items(), SEEDS.items())
    values = {
        f"activation={a} optimizer.lr={lr} seed={s}": 1.0 + x + y + z
        for (a, x), (lr, y), (s, z) in grid
    }
    return make_sweep(tmp_path, values)


def test_shares_of_a_full_grid_are_those_of_its_parts(additive: Problem) -> None:
    table = additive.effects
    parts = [np.var(list(axis.values())) for axis in (ACTIVATIONS, RATES, SEEDS)]
    assert table["axis"].to_list() == ["activation", "optimizer.lr", "seed"]
    assert table["fraction"].to_list() == pytest.approx([p / sum(parts) for p in parts])
    assert table["spread"].to_list() == pytest.approx([4.0, 2.0, 0.5])
    assert table["best"].to_list() == ["relu", "0.1", "0"]
    assert table["levels"].to_list() == [2, 3, 2]
    shown = {row[0]: row[1] for row in table_of_effects(additive).rows}
    assert shown == {"activation": "relu", "optimizer.lr": "0.1", "seed": ""}
    largest = replace(additive, mode="max").effects
    assert largest["best"].to_list() == ["tanh", "0.001", "1"]


def test_marginal_means_count_their_runs(additive: Problem) -> None:
    means = additive.marginal_means("optimizer.lr")
    assert means["level"].to_list() == ["0.001", "0.01", "0.1"]
    assert means["best_value mean"].to_list() == pytest.approx([5.25, 4.25, 3.25])
    assert means["best_value count"].to_list() == [4, 4, 4]


def test_an_axis_without_effect_explains_nothing(tmp_path: Path) -> None:
    values = {"a=1 b=1": 1.0, "a=1 b=2": 3.0, "a=2 b=1": 3.0, "a=2 b=2": 1.0}
    table = make_sweep(tmp_path, values).effects
    assert table["fraction"].to_list() == pytest.approx([0.0, 0.0])
    skewed = {"a=1 b=1": 0.0, "a=1 b=2": 0.0, "a=1 b=3": 9.0}
    skewed |= {"a=2 b=1": 4.0, "a=2 b=2": 2.0, "a=2 b=3": 3.0}  # the mean of both is 3
    table = make_sweep(tmp_path / "y", skewed).effects
    assert dict(table.select("axis", "fraction").rows())["a"] == pytest.approx(0.0)


def test_axes_whose_levels_are_never_repeated_have_no_share(tmp_path: Path) -> None:
    table = make_sweep(tmp_path, {"a=1": 1.0, "a=2": 2.0}).effects
    assert table["fraction"].to_list() == [None]
    alike = {f"a={i} seed={j}": 1.0 for i in range(2) for j in range(2)}
    table = make_sweep(tmp_path / "x", alike).effects
    assert table["fraction"].to_list() == [None, None]


def test_a_random_search_is_cut_into_quarters(tmp_path: Path) -> None:
    rates = np.geomspace(1e-4, 1e-1, 40)
    values = {
        f"optimizer.lr={rate}": float(abs(i - 12)) for i, rate in enumerate(rates)
    }
    problem = make_sweep(tmp_path, values)
    means = problem.marginal_means("optimizer.lr")
    assert means["best_value count"].to_list() == [10, 10, 10, 10]
    assert means["level"][0].startswith("0.0001 to 0.0005")
    (row,) = problem.effects.rows(named=True)
    assert row["levels"] == 4
    assert row["best"] == means["level"][1]
    assert 0.5 < row["fraction"] < 1


def test_many_seeds_are_not_cut(tmp_path: Path) -> None:
    values = {f"a={a} seed={seed}": float(seed) for seed in range(12) for a in "xy"}
    table = make_sweep(tmp_path, values).effects
    assert table.row(0) == ("seed", 12, pytest.approx(1.0), 11.0, "0")


def test_the_command_is_that_of_the_choice_and_not_of_its_luckiest_run(
    tmp_path: Path,
) -> None:
    base = "data=iris seed=7 data.num_folds=3"
    values = {
        f"{base} optimizer={name} data.fold={fold} data.split_seed={split}": value
        for name, value in (("sgd", 1.0), ("adam", 2.0))
        for fold in (0, 1)
        for split in (0, 1)
    }
    command = make_sweep(tmp_path, values).command
    assert command == "litmlp train data=iris seed=7 optimizer=sgd"


def test_an_axis_that_changes_no_run_is_named(tmp_path: Path) -> None:
    values = {
        f"activation={a} optimizer.lr={lr} seed={seed}": lr + 0.1 * seed
        for a, lr, seed in product(("relu", "tanh"), (0.1, 0.2), (0, 1))
    }
    problem = make_sweep(tmp_path / "a", values)
    assert problem.without_effect == ["activation"]
    said = "activation: runs that differ in nothing else have equal values"
    assert equal_levels(problem) == said
    values["activation=tanh optimizer.lr=0.2 seed=1"] += 1e-9
    assert make_sweep(tmp_path / "b", values).without_effect == []
