"""A search against made-up runs, whose results follow from their overrides."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import optuna
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.pruners import MedianPruner, NopPruner
from optuna.samplers import BruteForceSampler, NSGAIISampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from litmlp.errors import UserError
from litmlp.figures.search import draw_history, outliers
from litmlp.report.search import read_search
from litmlp.search.objectives import Mode
from litmlp.search.search import Search
from litmlp.search.space import read_space
from litmlp.search.study import NAME, RETRY_OF, opened

SPACE = ("optimizer.lr=tag(log,interval(1e-4,1.0))", "activation=relu,tanh")

Outcome = Callable[[Mapping[str, str]], Mapping[str, Any]]


def loss(job: Mapping[str, str]) -> Mapping[str, Any]:
    """The best is at lr=0.01 with tanh."""
    distance = (math.log10(float(job.get("optimizer.lr", 0.01))) + 2) ** 2
    return {"best_value": distance + (job.get("activation") == "relu")}


class Launcher:
    """Leaves the summary of each run; may be killed before some run."""

    def __init__(self, folder: Path, outcome: Outcome, killed_at: int = -1) -> None:
        self.folder = folder
        self.outcome = outcome
        self.killed_at = killed_at
        self.jobs: list[tuple[str, ...]] = []

    def __call__(self, jobs: Sequence[tuple[str, ...]], first: int) -> list[Path]:
        return [self.run(job) for job in jobs]

    def run(self, job: tuple[str, ...]) -> Path:
        if len(self.jobs) == self.killed_at:
            raise KeyboardInterrupt
        self.jobs.append(job)
        folder = self.folder / str(len(list(self.folder.iterdir())))
        folder.mkdir()
        summary = {
            "status": "done",
            "monitor": {"metric": "loss/val", "mode": "min"},
            "metrics": {},
        } | self.outcome(dict(override.split("=", 1) for override in job))
        (folder / "summary.json").write_text(json.dumps(summary))
        return folder


def search(
    folder: Path,
    *typed: str,
    outcome: Outcome = loss,
    killed_at: int = -1,
    when: Mapping[str, Mapping[str, object]] | None = None,
    **settings: Any,
) -> Launcher:
    """The jobs of a search in a folder."""
    folder.mkdir(exist_ok=True)
    launcher = Launcher(folder, outcome, killed_at)
    defaults: dict[str, Any] = {
        "space": read_space(typed or SPACE, {}, when or {}, OverridesParser.create()),
        "objectives": ["loss/val"],
        "modes": ["min"],
        "sampler": partial(TPESampler, n_startup_trials=4),
        "seed": 0,
        "pruner": NopPruner(),
        "n_trials": 8,
        "n_jobs": 1,
        "launch": launcher,
    }
    Search(**(defaults | settings)).run(folder)
    return launcher


def trials(folder: Path) -> list[FrozenTrial]:
    with opened(folder) as storage:
        return optuna.load_study(study_name=NAME, storage=storage).trials


def test_a_search_comes_nearer_to_the_best_than_chance(tmp_path: Path) -> None:
    search(tmp_path, n_trials=24)
    values = [trial.value or 0.0 for trial in trials(tmp_path)]
    assert min(values) < 0.05
    assert median(values[12:]) < 0.5 * median(values[:12])


def test_a_larger_value_can_be_the_better(tmp_path: Path) -> None:
    modes: list[Mode] = ["max"]
    search(tmp_path, n_trials=12, modes=modes)
    values = [trial.value or 0.0 for trial in trials(tmp_path)]
    assert sum(values[6:]) > sum(values[:6])
    searched = read_search(tmp_path)
    assert searched
    assert searched.best[0].values[0] == max(values)


def test_the_same_seed_chooses_the_same_trials(tmp_path: Path) -> None:
    one, two = (search(tmp_path / name, n_trials=6).jobs for name in ("one", "two"))
    other = search(tmp_path / "other", seed=100, n_trials=1).jobs
    assert one == two
    assert one[0] != other[0]


@pytest.mark.parametrize("n_jobs", [1, 5])
def test_a_grid_is_covered_exactly_once(n_jobs: int, tmp_path: Path) -> None:
    grid = ("activation=relu,tanh", "a=range(1,4)", "b=range(0,0.5,0.25)")
    settings = {"sampler": partial(BruteForceSampler), "n_jobs": n_jobs}
    jobs = search(tmp_path, *grid, n_trials=100, **settings).jobs
    assert sorted(jobs) == [
        (f"activation={activation}", f"a={a}", f"b={b}")
        for activation in ("relu", "tanh")
        for a in (1, 2, 3)
        for b in (0.0, 0.25)
    ]
    assert search(tmp_path, *grid, n_trials=100, **settings).jobs == []


def test_a_grid_may_have_choices_under_choices(tmp_path: Path) -> None:
    when = {"optimizer=momentum": {"optimizer.momentum": "0.5,0.9"}}
    jobs = search(
        tmp_path,
        "optimizer=adam,momentum",
        when=when,
        sampler=partial(BruteForceSampler),
    ).jobs
    assert sorted(jobs) == [
        ("optimizer=adam",),
        ("optimizer=momentum", "optimizer.momentum=0.5"),
        ("optimizer=momentum", "optimizer.momentum=0.9"),
    ]


def test_a_choice_opens_others(tmp_path: Path) -> None:
    when = {"optimizer=momentum": {"m": "interval(0.5,0.99)", "scheduler": "cosine"}}
    for job in search(tmp_path, "optimizer=adam,momentum", when=when).jobs:
        if job[0] == "optimizer=adam":
            assert len(job) == 1
        else:
            assert 0.5 <= float(job[1].removeprefix("m=")) <= 0.99
            assert job[2] == "scheduler=cosine"


def test_more_trials_go_on_as_if_asked_for_at_once(tmp_path: Path) -> None:
    first = search(tmp_path / "twice", n_trials=6).jobs
    second = search(tmp_path / "twice", n_trials=10).jobs
    assert (len(first), len(second)) == (6, 4)
    assert first + second == search(tmp_path / "once", n_trials=10).jobs
    assert [trial.number for trial in trials(tmp_path / "twice")] == list(range(10))


@pytest.mark.parametrize("killed_at", [0, 6])
def test_a_killed_search_goes_on(killed_at: int, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "killed", killed_at=killed_at)
    before = trials(tmp_path / "killed")
    assert before[-1].state == TrialState.RUNNING
    assert before[-1].number == killed_at
    rest = search(tmp_path / "killed").jobs
    assert len(rest) == 8 - killed_at
    after = trials(tmp_path / "killed")
    assert [trial.number for trial in after] == list(range(9))
    assert after[killed_at].state == TrialState.FAIL
    assert after[killed_at + 1].user_attrs[RETRY_OF] == killed_at
    assert after[killed_at + 1].params == before[-1].params
    search(tmp_path / "whole")
    done = [(t.params, t.value) for t in after if t.number != killed_at]
    assert done == [(t.params, t.value) for t in trials(tmp_path / "whole")]


def test_a_batch_that_is_killed_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, n_jobs=3, killed_at=4)
    states = [trial.state for trial in trials(tmp_path)]
    assert states == [TrialState.COMPLETE] * 3 + [TrialState.RUNNING] * 3
    search(tmp_path, n_jobs=3)
    found = trials(tmp_path)
    assert sum(trial.state == TrialState.COMPLETE for trial in found) == 8
    assert sum(trial.state == TrialState.FAIL for trial in found) == 3


def test_seeds_and_folds_repeat_a_trial_and_are_averaged(tmp_path: Path) -> None:
    def outcome(job: Mapping[str, str]) -> Mapping[str, Any]:
        return {"best_value": 10 * float(job["seed"]) + float(job["data.fold"])}

    repeats = ("seed=range(2)", "data.fold=0,1,2")
    jobs = search(
        tmp_path, SPACE[0], *repeats, outcome=outcome, n_trials=4, n_jobs=2
    ).jobs
    assert len(jobs) == 4 * 6
    assert {job[1:] for job in jobs} == {
        (f"seed={seed}", f"data.fold={fold}") for seed in (0, 1) for fold in (0, 1, 2)
    }
    found = trials(tmp_path)
    assert [trial.value for trial in found] == [6.0] * 4
    assert all(set(trial.params) == {"optimizer.lr"} for trial in found)


def test_trials_that_are_alike_share_a_run(tmp_path: Path) -> None:
    jobs = search(tmp_path, "activation=relu,tanh", n_trials=6, n_jobs=6).jobs
    assert sorted(jobs) == [("activation=relu",), ("activation=tanh",)]
    values = {(t.params["activation"], t.value) for t in trials(tmp_path)}
    assert values == {("relu", 1.0), ("tanh", 0.0)}


def test_failed_and_diverged_trials_are_told_apart(tmp_path: Path) -> None:
    outcomes = {
        "1": {"best_value": 0.5},
        "2": {"best_value": None},
        "3": {"status": "failed"},
        "4": {"best_value": 0.7, "pruned_epoch": 3},
    }
    search(
        tmp_path,
        "a=1,2,3,4",
        outcome=lambda job: outcomes[job["a"]],
        sampler=partial(BruteForceSampler),
        pruner=MedianPruner(),
    )
    found = {trial.params["a"]: trial for trial in trials(tmp_path)}
    assert found["1"].values == [0.5]
    assert found["2"].values == [math.inf]
    assert found["3"].state == TrialState.FAIL
    assert found["4"].state == TrialState.PRUNED
    searched = read_search(tmp_path)
    assert searched
    states = [trial.state for trial in searched.trials]
    assert sorted(states) == ["complete", "diverged", "failed", "pruned"]
    assert [trial.values for trial in searched.best] == [[0.5]]


def test_a_trial_fails_with_any_of_its_runs(tmp_path: Path) -> None:
    def outcome(job: Mapping[str, str]) -> Mapping[str, Any]:
        return {"status": "failed"} if job["seed"] == "1" else {"best_value": 1.0}

    search(tmp_path, SPACE[0], "seed=0,1", outcome=outcome, n_trials=1)
    (trial,) = trials(tmp_path)
    assert trial.state == TrialState.FAIL


def test_the_pareto_front_is_that_of_brute_force(tmp_path: Path) -> None:
    def outcome(job: Mapping[str, str]) -> Mapping[str, Any]:
        size = int(job["size"])
        accuracy = None if job["a"] == "nan" else 1 - float(job["a"]) / size
        return {"best_value": 0.1, "parameters": size} | {
            "metrics": {"accuracy/val": accuracy}
        }

    modes: list[Mode] = ["max", "min"]
    search(
        tmp_path,
        *("a=0.5,1.5,2.5,nan", "size=range(1,9)"),
        outcome=outcome,
        sampler=partial(NSGAIISampler, population_size=5),
        objectives=["accuracy/val", "parameters"],
        modes=modes,
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


def test_what_matters_is_found(tmp_path: Path) -> None:
    def outcome(job: Mapping[str, str]) -> Mapping[str, Any]:
        return {"best_value": float(job["a"]) + float(job["b"])}

    grid: dict[str, Any] = {"sampler": partial(BruteForceSampler), "n_trials": 16}
    grid["outcome"] = outcome
    search(tmp_path, "a=1,2,3,4", "b=1,2", "nothing=x,y", **grid)
    searched = read_search(tmp_path)
    assert searched
    shares = searched.importances["loss/val"]
    assert list(shares) == ["a", "b", "nothing"]
    assert shares["a"] == pytest.approx(1.25 / 1.5, abs=0.1)
    assert shares["b"] == pytest.approx(0.25 / 1.5, abs=0.1)


def test_only_a_search_that_prunes_numbers_its_runs(tmp_path: Path) -> None:
    jobs = search(tmp_path / "prunes", pruner=MedianPruner(), n_trials=2).jobs
    assert [job[-1] for job in jobs] == ["sweep.trial=0", "sweep.trial=1"]
    (job,) = search(tmp_path / "not", n_trials=1).jobs
    assert len(job) == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"objectives": ["loss/train"]}, r"objectives loss/val \(min\); loss/train"),
        ({"modes": ["max"]}, r"objectives loss/val \(min\); loss/val \(max\) needs"),
        ({}, "activation: the study in this folder began with relu,tanh"),
    ],
)
def test_a_study_refuses_what_it_did_not_begin_with(
    settings: dict[str, Any], words: str, tmp_path: Path
) -> None:
    search(tmp_path, n_trials=2)
    typed = SPACE if settings else (SPACE[0], "activation=relu,gelu")
    with pytest.raises(UserError, match=words):
        search(tmp_path, *typed, **settings)
    assert len(trials(tmp_path)) == 2


def test_an_interval_of_numbers_may_grow(tmp_path: Path) -> None:
    search(tmp_path, "a=interval(0.0,1.0)", n_trials=2)
    search(tmp_path, "a=interval(0.0,2.0)", n_trials=8)
    assert any(trial.params["a"] > 1 for trial in trials(tmp_path))


@pytest.mark.parametrize(("mode", "sign"), [("min", 1), ("max", -1)])
def test_what_nearly_diverged_hides_nothing(
    mode: Mode, sign: int, tmp_path: Path
) -> None:
    def outcome(job: Mapping[str, str]) -> Mapping[str, Any]:
        wild = 1e22 if (job["a"], job["b"]) == ("1", "2") else 0.0
        return {"best_value": sign * (float(job["a"]) + wild)}

    grid: dict[str, Any] = {"sampler": partial(BruteForceSampler), "n_trials": 10}
    search(tmp_path, "a=1,2,3,4,5", "b=1,2", modes=[mode], outcome=outcome, **grid)
    searched = read_search(tmp_path)
    assert searched
    (wild,) = (t.number for t in searched.trials if sign * t.values[0] > 100)
    assert outliers(searched, 0) == {wild}
    assert searched.importances["loss/val"]["a"] > 0.3
    assert len(draw_history(searched).axes) == 1
