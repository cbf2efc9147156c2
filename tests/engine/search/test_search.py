"""The trials that a search chooses, and how it continues."""

from pathlib import Path
from typing import Any

import optuna
import pytest
from made_up_search import SPACE, Jobs, search
from optuna.trial import FrozenTrial, TrialState
from searches import trials

from litmlp.engine.folder.study_file import NAME, RETRY_OF, open_study
from litmlp.errors import UserError


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Jobs, list[FrozenTrial]]:
    """The jobs and trials of a search that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    return search(folder).jobs, trials(folder)


def test_a_choice_adds_the_axes_of_its_condition(tmp_path: Path) -> None:
    when = {"optimizer=momentum": {"m": "interval(0.5,0.99)", "scheduler": "cosine"}}
    for job in search(tmp_path, "optimizer=adam,momentum", when=when).jobs:
        if job[0] == "optimizer=adam":
            assert len(job) == 1
        else:
            assert 0.5 <= float(job[1].removeprefix("m=")) <= 0.99
            assert job[2] == "scheduler=cosine"


def test_more_trials_continue_a_search_as_if_it_were_one(
    whole: tuple[Jobs, list[FrozenTrial]], tmp_path: Path
) -> None:
    first = search(tmp_path, n_trials=5).jobs
    second = search(tmp_path, n_trials=8).jobs
    assert (len(first), len(second)) == (5, 3)
    assert first + second == whole[0]
    assert [trial.number for trial in trials(tmp_path)] == list(range(8))


def test_a_killed_resume_loses_no_trial(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, n_jobs=2, killed_at=1)
    with open_study(tmp_path) as storage:  # inside retry_interrupted
        study = optuna.load_study(study_name=NAME, storage=storage)
        first, second = study.trials
        study.enqueue_trial(first.params, user_attrs={RETRY_OF: first.number})
    jobs = search(tmp_path, n_trials=3).jobs
    found = trials(tmp_path)
    complete = [trial for trial in found if trial.state == TrialState.COMPLETE]
    assert (len(jobs), len(complete), len(found)) == (3, 3, 5)
    tried = [trial.params for trial in complete]
    assert first.params in tried
    assert second.params in tried


@pytest.mark.parametrize("killed_at", [0, 6])
def test_a_killed_search_continues(
    killed_at: int, whole: tuple[Jobs, list[FrozenTrial]], tmp_path: Path
) -> None:
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
    done = [(t.params, t.value) for t in after if t.number != killed_at]
    assert done == [(t.params, t.value) for t in whole[1]]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"objectives": {"loss/train": "min"}}, "objectives {'loss/val': 'min'}"),
        ({"objectives": {"loss/val": "max"}}, "{'loss/val': 'max'} needs a new folder"),
        ({}, "activation: the study in this folder began with other choices"),
    ],
)
def test_a_study_refuses_other_objectives_and_choices(
    settings: dict[str, Any], words: str, tmp_path: Path
) -> None:
    search(tmp_path, n_trials=2)
    typed = SPACE if settings else (SPACE[0], "activation=relu,gelu")
    with pytest.raises(UserError, match=words):
        search(tmp_path, *typed, **settings)
    assert len(trials(tmp_path)) == 2
