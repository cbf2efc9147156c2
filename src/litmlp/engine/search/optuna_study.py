"""A study in a sweep's folder: begun or continued."""

from collections.abc import Sequence

import optuna
from optuna.distributions import check_distribution_compatibility
from optuna.storages import RDBStorage
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from litmlp.engine.folder.study_file import NAME, OBJECTIVES, RETRY_OF
from litmlp.engine.search.objectives import Mode
from litmlp.engine.search.space import Axis
from litmlp.errors import UserError

DIRECTIONS = {"min": StudyDirection.MINIMIZE, "max": StudyDirection.MAXIMIZE}


def load_or_create_study(
    storage: RDBStorage,
    objectives: Sequence[str],
    modes: Sequence[Mode],
    axes: Sequence[Axis],
) -> Study:
    """Load the study of a storage, or create it."""
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
            f"the study in this folder began with the objectives {begun}; "
            f"{wanted} needs a new folder"
        )
    study.set_user_attr(OBJECTIVES, wanted)
    for trial in study.get_trials(deepcopy=False):
        check_same_choices(trial, axes)
    return study


def check_same_choices(trial: FrozenTrial, axes: Sequence[Axis]) -> None:
    """Check that a trial had the choices that are searched now."""
    for axis in axes:
        before = trial.distributions.get(axis.key, axis.distribution)
        try:
            check_distribution_compatibility(before, axis.distribution)
        except ValueError as error:
            raise UserError(
                f"{axis.key}: the study in this folder began with other choices "
                f"({before}): give these, or a new folder"
            ) from error


def retry_interrupted(study: Study) -> None:
    """Let trials fail whose process was killed, and repeat them under a new number.

    A trial is enqueued before it fails, so that no trial is lost if this process is
    killed as well.
    """
    known = {trial.user_attrs.get(RETRY_OF) for trial in study.get_trials()}
    for trial in study.get_trials(states=[TrialState.RUNNING]):
        if trial.number not in known:
            study.enqueue_trial(trial.params, user_attrs={RETRY_OF: trial.number})
        study.tell(trial.number, state=TrialState.FAIL)


def count_chosen(study: Study) -> int:
    """Count the trials that a sampler has chosen; repeated trials do not count."""
    trials = study.get_trials(deepcopy=False)
    return sum(RETRY_OF not in trial.user_attrs for trial in trials)
