"""A study in a sweep's folder: begun or continued, and what is in it."""

import sqlite3
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import optuna
from optuna.distributions import check_distribution_compatibility
from optuna.exceptions import ExperimentalWarning
from optuna.storages import RDBStorage
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from litmlp.engine.folder.sweep_folder import STUDY
from litmlp.engine.folder.untrusted import blaming, refuse_ways_out
from litmlp.engine.search.objectives import Mode
from litmlp.engine.search.space import Axis
from litmlp.errors import UserError

NAME = "search"

DIRECTIONS = {"min": StudyDirection.MINIMIZE, "max": StudyDirection.MAXIMIZE}

OBJECTIVES = "objectives"
"""The attribute of a study with which end of each objective is best."""

RETRY_OF = "retry_of"
"""The attribute of a trial that repeats one whose process was killed."""


@contextmanager
def opened(folder: Path) -> Iterator[RDBStorage]:
    """The storage in a sweep's folder, let go of after the block.

    Raises:
        UserError: its file is a link that leads elsewhere, or cannot be used.
    """
    refuse_ways_out(folder, f"{STUDY}*")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with understood(folder):
        refuse_programs((folder / STUDY).resolve())
        storage = RDBStorage(f"sqlite:///{(folder / STUDY).resolve()}")
    try:
        with warnings.catch_warnings():
            # The grid and some pruners have had this mark for years.
            warnings.simplefilter("ignore", ExperimentalWarning)
            yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def understood(folder: Path) -> AbstractContextManager[None]:
    """Whatever Optuna stumbles over in the block is a mistake in the study's file.

    Raises:
        UserError: instead of any other error.
    """
    return blaming(f"{folder / STUDY} cannot be used")


def refuse_programs(path: Path) -> None:
    """
    Raises:
        UserError: the file is to compute something when it is read or written to.
    """
    if not path.exists():
        return
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        kinds = "SELECT name FROM sqlite_master WHERE type IN ('view', 'trigger')"
        if found := database.execute(kinds).fetchone():
            raise UserError(f"{path} is no study: it has a view or trigger {found[0]}")


def begin(
    storage: RDBStorage,
    objectives: Sequence[str],
    modes: Sequence[Mode],
    axes: Sequence[Axis],
) -> Study:
    """The study that the storage holds, or a new one.

    Raises:
        UserError: it has other objectives, or trials with other choices.
    """
    study = optuna.create_study(
        storage=storage,
        study_name=NAME,
        directions=[DIRECTIONS[mode] for mode in modes],
        load_if_exists=True,
    )
    wanted = dict(zip(objectives, modes, strict=True))
    begun = study.user_attrs.get(OBJECTIVES, wanted)
    if begun != wanted:
        raise UserError(
            f"the study in this folder began with the objectives {as_text(begun)}; "
            f"{as_text(wanted)} needs a new folder"
        )
    study.set_user_attr(OBJECTIVES, wanted)
    for trial in study.get_trials(deepcopy=False):
        refuse_other_values(trial, axes)
    return study


def as_text(objectives: Mapping[str, Mode]) -> str:
    """``loss/val (min), parameters (min)``."""
    return ", ".join(f"{name} ({mode})" for name, mode in objectives.items())


def refuse_other_values(trial: FrozenTrial, axes: Sequence[Axis]) -> None:
    """
    Raises:
        UserError: an axis has other choices than the trial had.
    """
    for axis in axes:
        before = trial.distributions.get(axis.key, axis.distribution)
        try:
            check_distribution_compatibility(before, axis.distribution)
        except ValueError as error:
            choices = getattr(before, "choices", None)
            had = ",".join(map(str, choices)) if choices else "numbers"
            raise UserError(
                f"{axis.key}: the study in this folder began with {had}; other choices "
                "need a new folder"
            ) from error


def retry_interrupted(study: Study) -> None:
    """Trials whose process was killed fail, and are tried again under a new number.

    In this order, so that none is forgotten if this process is killed, too.
    """
    known = {trial.user_attrs.get(RETRY_OF) for trial in study.get_trials()}
    for trial in study.get_trials(states=[TrialState.RUNNING]):
        if trial.number not in known:
            study.enqueue_trial(trial.params, user_attrs={RETRY_OF: trial.number})
        study.tell(trial.number, state=TrialState.FAIL)


def asked(study: Study) -> int:
    """How many trials a sampler has chosen, without those that are tried again."""
    trials = study.get_trials(deepcopy=False)
    return sum(RETRY_OF not in trial.user_attrs for trial in trials)


def ended(study: Study) -> list[FrozenTrial]:
    """The trials that came to an end, good or bad, by themselves."""
    trials = study.get_trials(deepcopy=False)
    killed = {trial.user_attrs.get(RETRY_OF) for trial in trials}
    return [t for t in trials if t.state.is_finished() and t.number not in killed]
