"""A search whose trials train as one ends the bad ones early."""

from pathlib import Path

import optuna
import pytest
from conftest import Run
from optuna.trial import TrialState
from test_launcher import SWEEP

from litmlp.engine.folder.run_folder import read_summary
from litmlp.engine.folder.study_file import NAME, open_study
from litmlp.engine.vectorized.group_training import Group

EPOCHS = 7
SEARCH = (
    *SWEEP,
    f"trainer.max_epochs={EPOCHS}",
    "callbacks=minimal",
    "hydra/sweeper=optuna",
    "hydra/sweeper/sampler=grid",
    "hydra.sweeper.n_jobs=6",
    "optimizer.lr=0.1,0.03,1e-5,2e-5,3e-5,4e-5",
)
ASHA = (
    "hydra/sweeper/pruner=asha",
    "hydra.sweeper.pruner.min_resource=2",
    "hydra.sweeper.pruner.reduction_factor=2",
)


def test_a_trial_that_is_pruned_leaves_its_group(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    train = Group.on_train_epoch_end

    def counted(group: Group) -> None:
        sizes.append(len(group.stack))
        train(group)

    monkeypatch.setattr(Group, "on_train_epoch_end", counted)
    ended = run("train", *SEARCH, *ASHA, "hydra.sweep.dir=pruned")
    assert (ended.code, ended.err) == (0, "")
    with open_study(tmp_path / "pruned") as storage:
        trials = optuna.load_study(study_name=NAME, storage=storage).trials
    epochs = []
    for trial in trials:
        (name,) = trial.user_attrs["runs"]
        summary = read_summary(tmp_path / "pruned" / name)
        epochs.append(summary["epochs"])
        was_pruned = trial.state == TrialState.PRUNED
        assert (summary["status"], summary["vectorized"]) == ("done", 6)
        assert summary["pruned_epoch"] == (summary["epochs"] if was_pruned else None)
        assert was_pruned == (summary["epochs"] < EPOCHS)
        assert list(trial.intermediate_values) == list(range(1, summary["epochs"] + 1))
    assert min(epochs) < max(epochs) == EPOCHS
    # Who is pruned costs nothing from then on.
    assert sizes == [sum(e > epoch for e in epochs) for epoch in range(EPOCHS)]
