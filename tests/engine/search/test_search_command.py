"""Searches from the command line, as a user would run them."""

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from made_up_search import trials
from optuna.trial import TrialState

from litmlp.engine.vectorized.group_training import Group

QUICK = (
    *("-m", "hydra/sweeper=optuna", "hydra.sweep.dir=here"),
    *("data=iris", "trainer=cpu", "trainer.max_epochs=2", "model.hidden_sizes=[4]"),
    *("logger=none", "callbacks=minimal"),
)
LR = "optimizer.lr=tag(log,interval(1e-3,1e-1))"


def summaries(folder: Path) -> dict[str, Any]:
    return {
        path.parent.name: json.loads(path.read_text())
        for path in sorted(folder.glob("*/summary.json"))
    }


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
    ended = run("train", *QUICK, *few, objectives, "model.hidden_sizes=[2],[4],[8]")
    assert ended.code == 0
    runs = summaries(tmp_path / "here")
    for trial in trials(tmp_path / "here"):
        summary = runs[trial.user_attrs["runs"][0]]
        accuracy = summary["metrics"]["accuracy/val"]
        assert trial.values == pytest.approx([accuracy, summary["parameters"]])
    smallest = min(summary["parameters"] for summary in runs.values())
    assert re.search(rf" {smallest} *\n", ended.out.split("Pareto front")[1])
    assert (tmp_path / "here" / "report" / "search-front.png").is_file()


MEDIAN = ("median", "n_startup_trials=1", "n_warmup_steps=2")
ASHA = ("asha", "min_resource=2", "reduction_factor=2")


@pytest.mark.parametrize(
    ("launcher", "pruner", "n_jobs"),
    [("sequential", MEDIAN, 1), ("vectorized", ASHA, 6)],
)
def test_a_bad_trial_is_pruned_and_leaves_its_group(
    launcher: str,
    pruner: tuple[str, ...],
    n_jobs: int,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []
    end_epoch = Group.on_train_epoch_end

    def counted(group: Group) -> None:
        sizes.append(len(group.stack))
        end_epoch(group)

    monkeypatch.setattr(Group, "on_train_epoch_end", counted)
    name, *settings = pruner
    prune = [f"hydra.sweeper.pruner.{setting}" for setting in settings]
    grid = ("hydra/sweeper/sampler=grid", "optimizer.lr=0.1,0.03,1e-5,2e-5,3e-5,4e-5")
    how = (f"hydra/launcher={launcher}", f"hydra.sweeper.n_jobs={n_jobs}")
    chosen = (f"hydra/sweeper/pruner={name}", "trainer.max_epochs=7")
    ended = run("train", *QUICK, *grid, *how, *chosen, *prune)
    assert (ended.code, ended.err) == (0, "")
    found, runs = trials(tmp_path / "here"), summaries(tmp_path / "here")
    assert {trial.state for trial in found} == {TrialState.PRUNED, TrialState.COMPLETE}
    for trial in found:
        (name,) = trial.user_attrs["runs"]
        summary = runs[name]
        assert summary["status"] == "done"
        assert summary.get("vectorized", 1) == n_jobs
        assert re.fullmatch(r"optimizer\.lr-[\d.e-]+-[0-9a-f]{8}", name)
        epochs = summary["epochs"]
        assert list(trial.intermediate_values) == list(range(1, epochs + 1))
        pruned = trial.state == TrialState.PRUNED
        assert (epochs < 7) == pruned
        assert summary["pruned_epoch"] == (epochs if pruned else None)
        assert (f"after epoch {epochs}" in ended.out) or not pruned
        if pruned:
            evaluated = run("evaluate", f"run=here/{name}").out
            assert "the same as in summary.json, to the last digit" in evaluated
    # Who is pruned costs nothing from then on.
    epochs_of_all = [summary["epochs"] for summary in runs.values()]
    left = [sum(epochs > n for epochs in epochs_of_all) for n in range(7)]
    assert sizes == (left if launcher == "vectorized" else [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "there is nothing to search"),
        (("activation=relu,tanhh",), "tanhh: no such option. Did you mean tanh?"),
        ((LR, "hydra.sweeper.n_trials=0"), "n_trials=0: must be 1 or more"),
        ((LR, "hydra.sweeper.n_jobs=x"), "n_jobs=x: expected int"),
        ((LR, "hydra.sweeper.sampler.n_startup_trials=x"), "expected int, got str"),
        ((LR, "hydra/sweeper/sampler=tpee"), "Did you mean tpe?"),
        ((LR, "hydra/sweeper/sampler=grid"), "values that can be counted"),
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
