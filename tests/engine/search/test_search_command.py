"""Searches from the command line, as a user would run them."""

import math
import re
import sys
from pathlib import Path

import pytest
from conftest import Run
from searches import QUICK, check_pruned_search, summaries, trials

LR = "optimizer.lr=tag(log,interval(1e-3,1e-1))"


def test_a_search_trains_its_trials_and_shows_the_best(
    run: Run, tmp_path: Path
) -> None:
    typed = ("hydra.sweeper.n_trials=4", "hydra.sweeper.n_jobs=2", "+note=1")
    ended = run("train", *QUICK, *typed, LR, "activation=relu,tanh")
    assert (ended.code, ended.err) == (0, "")
    found, runs = trials(tmp_path / "here"), summaries(tmp_path / "here")
    assert [trial.number for trial in found] == [0, 1, 2, 3]
    for trial in found:
        (name,) = trial.user_attrs["runs"]
        assert re.fullmatch(
            r"optimizer\.lr-0\.\d{1,6}\+activation-(relu|tanh)-[0-9a-f]{8}", name
        )
        summary = runs[name]
        assert trial.value == pytest.approx(summary["best_value"])
        assert f"activation={trial.params['activation']}" in summary["overrides"]
        assert f"optimizer.lr={trial.params['optimizer.lr']}" in summary["overrides"]
        assert 1e-3 <= trial.params["optimizer.lr"] <= 1e-1
    best = min(found, key=lambda trial: trial.value or math.inf)
    assert f"best: trial {best.number}, loss/val {best.value:.4f}" in ended.out
    report = tmp_path / "here" / "report"
    assert (report / "search-history.png").is_file()
    assert "Search in here" in (report / "report.html").read_text()


def test_a_file_can_describe_a_search(run: Run, tmp_path: Path) -> None:
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    (tmp_path / "conf" / "experiment" / "mine.yaml").write_text(
        "# @package _global_\n"
        "defaults: [override /hydra/sweeper: optuna]\n"
        "hydra:\n"
        "  mode: MULTIRUN\n"
        "  sweep: {dir: here}\n"
        "  sweeper:\n"
        "    sampler: {n_startup_trials: 2}\n"
        "    n_trials: 5\n"
        "    params: {optimizer: 'adam,momentum', optimizer.lr: 'interval(0.01,0.1)'}\n"
        "    when: {optimizer=momentum: {optimizer.momentum: 'interval(0.5,0.9)'}}\n"
    )
    place = f"hydra.searchpath=[file://{tmp_path}/conf]"
    quick = [text for text in QUICK[3:] if not text.startswith("hydra")]
    ended = run("train", place, "experiment=mine", *quick)
    assert (ended.code, ended.err) == (0, "")
    found = trials(tmp_path / "here")
    assert len(found) == 5
    for trial in found:
        opened_by = trial.params["optimizer"] == "momentum"
        assert ("optimizer.momentum" in trial.params) == opened_by
    overrides = [run["overrides"] for run in summaries(tmp_path / "here").values()]
    assert any("optimizer.momentum=" in " ".join(texts) for texts in overrides)


def test_two_objectives_give_a_pareto_front(run: Run, tmp_path: Path) -> None:
    objectives = "hydra.sweeper.objectives=[accuracy/val,parameters]"
    few = ("hydra/sweeper/sampler=nsgaii", "hydra.sweeper.n_trials=4")
    side = "hydra.sweeper.n_jobs=4"  # so equal trials are chosen before one is trained
    sizes = "model.hidden_sizes=[2],[4],[8]"
    ended = run("train", *QUICK, *few, side, objectives, sizes)
    assert ended.code == 0
    runs = summaries(tmp_path / "here")
    for trial in trials(tmp_path / "here"):
        summary = runs[trial.user_attrs["runs"][0]]
        accuracy = summary["metrics"]["accuracy/val"]
        assert trial.values == pytest.approx([accuracy, summary["parameters"]])
    trained = re.findall(r"#\d+ : .*hidden_sizes=(\S+)", ended.out)
    assert sorted(trained) == sorted(set(trained))  # equal trials share a run
    smallest = min(summary["parameters"] for summary in runs.values())
    assert re.search(rf" {smallest} *\n", ended.out.split("Search in")[1])
    assert (tmp_path / "here" / "report" / "search-front.png").is_file()


def test_a_bad_trial_is_pruned(run: Run, tmp_path: Path) -> None:
    pruner = ("median", "n_startup_trials=1", "n_warmup_steps=2")
    check_pruned_search(run, tmp_path, "sequential", pruner, n_jobs=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "there is nothing to search"),
        (("activation=relu,tanhh",), "tanhh: no such option. Did you mean tanh?"),
        ((LR, "hydra.sweeper.n_trials=0"), "n_trials=0: must be 1 or more"),
        ((LR, "hydra.sweeper.n_jobs=x"), "n_jobs=x: expected int"),
        ((LR, "hydra.sweeper.sampler.n_startup_trials=x"), "expected int, got str"),
        ((LR, "hydra/sweeper/sampler=tpee"), "Did you mean tpe?"),
        ((LR, "hydra.sweeper.sampler._target_=os.system"), "not allowed"),
        ((LR, "hydra.sweeper.objectives=[loss/test]"), "no result loss/test"),
        ((LR, "monitor=accuracy/val"), "the best accuracy/val is its max: mode=max"),
        ((LR, "hydra/sweeper/pruner=asha", "sweep.seeds=2"), "several seeds or folds"),
        (
            (LR, "hydra/sweeper/pruner=asha", "hydra.sweeper.objectives=[parameters]"),
            "this must be the only objective",
        ),
    ],
)
def test_a_mistake_starts_nothing(
    arguments: tuple[str, ...], words: str, run: Run, tmp_path: Path
) -> None:
    ended = run("train", *QUICK, *arguments)
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert words in line
    assert not (tmp_path / "here").exists()


def test_without_optuna_the_extra_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run("train", *QUICK, LR, "hydra.sweeper.n_trials=1")
    monkeypatch.setitem(sys.modules, "optuna", None)  # importing it raises
    ended = run("train", *QUICK, LR)
    assert ended.code == 1
    assert "pip install litmlp[optuna]" in ended.err
    ended = run("report", "runs=here")
    assert ended.code == 0
    assert "pip install litmlp[optuna]" in ended.out
    assert "done" in ended.out
