"""The file of a search in a sweep's folder: opened, and read."""

import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import RDBStorage
from optuna.study import Study
from optuna.trial import FrozenTrial

from litmlp.engine.folder.sweep_folder import STUDY
from litmlp.engine.folder.untrusted_folder import check_links
from litmlp.engine.terminal.mistakes import blame

NAME = "search"

OBJECTIVES = "objectives"
"""The attribute of a study with the objectives and their modes."""

RETRY_OF = "retry_of"
"""The attribute of a trial that repeats one whose process was killed."""


@contextmanager
def open_study(folder: Path) -> Iterator[RDBStorage]:
    """Open the storage in a sweep's folder, and close it after the block."""
    check_links(folder, f"{STUDY}*")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with report_broken_study(folder):
        storage = RDBStorage(f"sqlite:///{(folder / STUDY).resolve()}")
    try:
        with warnings.catch_warnings():
            # Optuna has marked the grid and some pruners as experimental for years.
            warnings.simplefilter("ignore", ExperimentalWarning)
            yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def report_broken_study(folder: Path) -> AbstractContextManager[None]:
    """Report any error of the block as a mistake in the study's file."""
    return blame(f"{folder / STUDY} cannot be used")


def ended_trials(study: Study) -> list[FrozenTrial]:
    """List the trials that ended by themselves, with or without a result."""
    trials = study.get_trials(deepcopy=False)
    killed = {trial.user_attrs.get(RETRY_OF) for trial in trials}
    return [t for t in trials if t.state.is_finished() and t.number not in killed]
