"""Repeats summarized, choices ranked by validation, ties found: against scipy."""

import statistics
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from made_up import make_run, make_sweep
from scipy import stats

from litmlp.engine.report.comparable_runs import find_problems
from litmlp.engine.report.intervals import summarize
from litmlp.engine.report.make_report import find_runs
from litmlp.engine.report.runs_table import read_runs

A = {f"optimizer=adam seed={i}": v for i, v in enumerate([0.31, 0.42, 0.35, 0.50])}
B = {f"optimizer=sgd seed={i}": v for i, v in enumerate([0.40, 0.52, 0.43, 0.61])}
C = {f"optimizer=nadam seed={i}": v for i, v in enumerate([0.33, 0.41, 0.37, 0.49])}


def test_repeats_are_summarised_as_scipy_does(tmp_path: Path) -> None:
    row = make_sweep(tmp_path, A).ranking.row(0, named=True)
    values = list(A.values())
    assert row["best_value mean"] == pytest.approx(np.mean(values))
    assert row["best_value std"] == pytest.approx(np.std(values, ddof=1))
    assert row["best_value median"] == pytest.approx(statistics.median(values))
    assert row["best_value count"] == row["runs started"] == 4
    assert row["against best"] is None, "a single choice is neither best nor worse"
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert row["best_value low"] == pytest.approx(low)
    assert row["best_value high"] == pytest.approx(high)


def test_choices_are_ranked_by_validation_and_not_by_test(tmp_path: Path) -> None:
    tested = {"relu": (0.2, 0.80), "tanh": (0.3, 0.99)}
    for name, (value, test) in tested.items():
        metrics = {"loss/val": value, "loss/test": 1.0, "accuracy/test": test}
        make_run(tmp_path / name, [f"activation={name}"], value, metrics=metrics)
    (problem,) = find_problems(read_runs(find_runs([str(tmp_path)])))
    ranked = problem.ranking
    assert ranked["activation"].to_list() == ["relu", "tanh"]
    assert problem.test == "accuracy/test"
    assert ranked["accuracy/test mean"].to_list() == [0.80, 0.99]
    assert "activation=relu" in problem.command


def test_larger_is_better_where_the_monitor_says_so(tmp_path: Path) -> None:
    monitor = {"metric": "accuracy/val", "mode": "max"}
    values = {"a=1": 0.8, "a=2": 0.9, "a=3": None}
    problem = make_sweep(tmp_path, values, monitor=monitor)
    assert problem.ranking["a"].to_list() == [2, 1, 3]
    assert "a=2" in problem.command


def test_ties_are_told_seed_by_seed(tmp_path: Path) -> None:
    ranked = make_sweep(tmp_path, A | B | C).ranking
    verdicts = dict(ranked.select("optimizer", "against best").rows())
    assert verdicts == {"adam": "best", "nadam": "tied", "sgd": "worse"}
    # Unpaired, the seeds' own differences would hide that sgd is worse.
    assert stats.ttest_ind(list(A.values()), list(B.values())).pvalue > 0.05
    differences = np.array(list(B.values())) - np.array(list(A.values()))
    row = ranked.filter(optimizer="sgd").row(0, named=True)
    test = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert row["difference from best"] == pytest.approx(differences.mean())
    half = row["margin of difference"]
    assert row["difference from best"] - half == pytest.approx(test.low)
    assert row["difference from best"] + half == pytest.approx(test.high)


def test_too_few_runs_tell_nothing(tmp_path: Path) -> None:
    alone = {"a=1": 1.0, "a=2": 2.0, "a=3": None}
    other_seeds = {
        **{"a=1 seed=0": 1.0, "a=1 seed=1": 1.5},
        **{"a=2 seed=1": 2.0, "a=2 seed=2": 2.5},
    }
    for name, values in (("alone", alone), ("others", other_seeds)):
        ranked = make_sweep(tmp_path / name, values).ranking
        assert ranked["against best"].drop_nulls().to_list() == ["best"]
        assert ranked["margin of difference"][1] is None
        assert ranked["difference from best"][1] == 1.0


def test_equal_runs_are_tied_and_constant_differences_are_not(tmp_path: Path) -> None:
    values = {
        **{"a=1 seed=0": 1.0, "a=1 seed=1": 2.0},
        **{"a=2 seed=0": 1.0, "a=2 seed=1": 2.0},
        **{"a=3 seed=0": 1.5, "a=3 seed=1": 2.5},
    }
    ranked = make_sweep(tmp_path, values).ranking
    assert ranked["against best"].to_list() == ["best", "tied", "worse"]


def test_a_choice_that_diverged_comes_after_those_that_did_not(tmp_path: Path) -> None:
    values = {
        "optimizer.lr=1 seed=0": 0.1,
        "optimizer.lr=1 seed=1": None,
        "optimizer.lr=2 seed=0": 0.5,
        "optimizer.lr=2 seed=1": 0.6,
        "optimizer.lr=3 seed=0": None,
    }
    ranked = make_sweep(tmp_path, values).ranking
    assert ranked["optimizer.lr"].to_list() == [2, 1, 3]
    assert ranked["best_value count"].to_list() == [2, 1, 0]
    assert ranked["runs started"].to_list() == [2, 2, 1]
    assert ranked["against best"].to_list() == ["best", None, None]


def test_folds_and_splits_are_repeats_too(tmp_path: Path) -> None:
    keys = ("seed", "seeds.order", "data.split_seed", "data.fold", "data.seed")
    values = {f"a=1 {key}=1": 1.0 for key in keys} | {"a=2": 1.0}
    problem = make_sweep(tmp_path, values)
    assert problem.choices == ["a"]
    assert problem.seeds == list(keys)


@pytest.mark.parametrize(
    ("tag", "values", "ends"),
    [
        ("accuracy/val", [0.95, 1.0, 1.0], (None, 1.0)),
        ("auroc/test", [0.0, 0.1], (0.0, None)),
        ("auroc/test", [0.0, 1.0], (0.0, 1.0)),
        ("loss/val", [0.001, 0.9], (0.0, None)),
        ("r2/val", [0.99, -0.5], (None, 1.0)),
        ("loss/val", [-0.1, 0.9], (None, None)),  # a loss of one's own
        ("lift/val", [0.0, 100.0], (None, None)),
    ],
)
def test_intervals_end_at_the_bounds_of_their_metric(
    tag: str, values: list[float], ends: tuple[float | None, float | None]
) -> None:
    table = pl.DataFrame({"x": values, "all": 0})
    (row,) = summarize(table, ["all"], {"x": tag}).rows(named=True)
    low, high = stats.t.interval(
        0.95, len(values) - 1, np.mean(values), stats.sem(values)
    )
    assert row["x low"] == pytest.approx(low if ends[0] is None else ends[0])
    assert row["x high"] == pytest.approx(high if ends[1] is None else ends[1])
