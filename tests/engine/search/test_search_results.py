"""Results of a search's trials, and what the report reads from them."""

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from made_up_search import SPACE, search
from optuna.samplers import BruteForceSampler, NSGAIISampler
from optuna.trial import TrialState
from searches import trials

from litmlp.engine.report.draw_search import draw_history
from litmlp.engine.report.search_results import read_search, state_of
from litmlp.engine.search.objectives import Mode


def test_a_larger_value_can_be_the_better(tmp_path: Path) -> None:
    search(tmp_path, n_trials=12, objectives={"loss/val": "max"})
    values = [trial.value or 0.0 for trial in trials(tmp_path)]
    assert sum(values[6:]) > sum(values[:6])
    searched = read_search(tmp_path)
    assert searched
    assert searched.best[0].values[0] == max(values)


def test_seeds_and_folds_repeat_a_trial_and_are_averaged(tmp_path: Path) -> None:
    jobs = search(
        *(tmp_path, SPACE[0], "seed=range(2)", "data.fold=0,1,2"),
        outcome=lambda job: {
            "best_value": 10 * int(job["seed"]) + int(job["data.fold"])
        },
        n_trials=4,
        n_jobs=2,
    ).jobs
    assert len(jobs) == 4 * 6
    assert {job[1:] for job in jobs} == {
        (f"seed={seed}", f"data.fold={fold}") for seed in (0, 1) for fold in (0, 1, 2)
    }
    found = trials(tmp_path)
    assert [trial.value for trial in found] == [6.0] * 4
    assert all(set(trial.params) == {"optimizer.lr"} for trial in found)


def test_failed_and_diverged_trials_have_different_states(tmp_path: Path) -> None:
    outcomes: dict[str, dict[str, Any]] = {
        "1": {"best_value": 0.5},
        "2": {"best_value": None},
        "3": {"status": "failed"},
        "4": {"best_value": 0.7, "pruned_epoch": 3},
    }
    search(
        *(tmp_path, "a=1,2,3,4", "seed=0,1"),  # a trial ends as its second run
        outcome=lambda job: outcomes[job["a"] if job["seed"] == "1" else "1"],
        sampler=partial(BruteForceSampler),
        n_trials=4,
    )
    found = {trial.params["a"]: trial for trial in trials(tmp_path)}
    assert found["1"].values == [0.5]
    assert found["2"].values == [math.inf]
    assert found["3"].state == TrialState.FAIL
    assert found["4"].state == TrialState.PRUNED
    searched = read_search(tmp_path)
    assert searched
    states = map(state_of, searched.trials)
    assert sorted(states) == ["complete", "diverged", "failed", "pruned"]
    assert [trial.values for trial in searched.best] == [[0.5]]


def test_the_pareto_front_is_that_of_brute_force(tmp_path: Path) -> None:
    def outcome(job: Mapping[str, str]) -> Mapping[str, Any]:
        size = int(job["size"])
        accuracy = None if job["a"] == "nan" else 1 - float(job["a"]) / size
        return {"best_value": 0.1, "parameters": size} | {
            "metrics": {"accuracy/val": accuracy}
        }

    search(
        tmp_path,
        *("a=0.5,1.5,2.5,nan", "size=range(1,9)"),
        outcome=outcome,
        sampler=partial(NSGAIISampler, population_size=5),
        objectives={"accuracy/val": "max", "parameters": "min"},
        n_trials=20,
    )
    found = trials(tmp_path)
    points = {tuple(t.values) for t in found if t.state == TrialState.COMPLETE}
    front = {
        (a, p)
        for a, p in points
        if not any(b >= a and q <= p and (b, q) != (a, p) for b, q in points)
    }
    searched = read_search(tmp_path)
    assert searched
    assert {tuple(trial.values) for trial in searched.best} == front
    assert TrialState.FAIL in {trial.state for trial in found}  # of those without value


@pytest.mark.parametrize(("mode", "sign"), [("min", 1), ("max", -1)])
def test_a_nearly_diverged_trial_hides_nothing(
    mode: Mode, sign: int, tmp_path: Path
) -> None:
    def outcome(job: Mapping[str, str]) -> Mapping[str, Any]:
        wild = 1e22 if (job["a"], job["b"]) == ("1", "2") else 0.0
        return {"best_value": sign * (float(job["a"]) + wild)}

    search(
        *(tmp_path, "a=1,2,3,4,5", "b=1,2"),
        objectives={"loss/val": mode},
        outcome=outcome,
        sampler=partial(BruteForceSampler),
        n_trials=10,
    )
    searched = read_search(tmp_path)
    assert searched
    assert searched.importances["loss/val"]["a"] > 0.3
    assert len(draw_history(searched).axes) == 1
