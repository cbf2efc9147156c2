"""Searches from the command line, and what they leave."""

import json
import re
from pathlib import Path
from typing import Any

import optuna
from conftest import Run
from optuna.trial import FrozenTrial, TrialState

from litmlp.engine.folder.study_file import NAME, open_study

QUICK = (
    *("-m", "hydra/sweeper=optuna", "hydra.sweep.dir=here"),
    *("data=iris", "trainer=cpu", "trainer.max_epochs=2", "model.hidden_sizes=[4]"),
    *("logger=none", "callbacks=minimal"),
)


def trials(folder: Path) -> list[FrozenTrial]:
    with open_study(folder) as storage:
        return optuna.load_study(study_name=NAME, storage=storage).trials


def summaries(folder: Path) -> dict[str, Any]:
    return {
        path.parent.name: json.loads(path.read_text())
        for path in sorted(folder.glob("*/summary.json"))
    }


def check_pruned_search(
    run: Run, folder: Path, launcher: str, pruner: tuple[str, ...], *, n_jobs: int
) -> list[int]:
    """Search with a pruner, check what it leaves, and return the epochs of each run."""
    name, *settings = pruner
    prune = [f"hydra.sweeper.pruner.{setting}" for setting in settings]
    grid = (
        *("hydra/sweeper/sampler=random", "hydra.sweeper.n_trials=6"),
        "hydra.sweeper.sampler._target_=optuna.samplers.BruteForceSampler",
        "optimizer.lr=0.1,0.03,1e-5,2e-5,3e-5,4e-5",
    )
    how = (f"hydra/launcher={launcher}", f"hydra.sweeper.n_jobs={n_jobs}")
    chosen = (f"hydra/sweeper/pruner={name}", "trainer.max_epochs=7")
    ended = run("train", *QUICK, *grid, *how, *chosen, *prune)
    assert (ended.code, ended.err) == (0, "")
    found, runs = trials(folder / "here"), summaries(folder / "here")
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
    return [summary["epochs"] for summary in runs.values()]
