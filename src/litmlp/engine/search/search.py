"""A search: a sampler chooses trials, a launcher trains them, a study records them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, product
from pathlib import Path

import optuna
from optuna.distributions import check_distribution_compatibility
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler
from optuna.storages import RDBStorage
from optuna.study import Study
from optuna.trial import Trial, TrialState

from litmlp.engine.folder.run_folder import read_summary
from litmlp.engine.folder.study_file import (
    NAME,
    OBJECTIVES,
    RETRY_OF,
    ended_trials,
    open_study,
    report_broken_study,
)
from litmlp.engine.folder.sweep_folder import status_of
from litmlp.engine.search.objectives import Mode, values
from litmlp.engine.search.space import Job, Space
from litmlp.errors import UserError
from litmlp.value_checks import check_value

Launch = Callable[[Sequence[Job], int], Sequence[Path]]
"""Trains one run per list of overrides and returns the runs' folders in the same order.
Equal overrides have one folder. The second argument is the number of the first run."""


@dataclass(kw_only=True)
class Search:
    """Trains the trials of a study.

    Args:
        space: the overrides to search.
        objectives: results of a trial, and the better end of each.
        monitor: the metric by which a pruner judges trials.
        sampler: makes a sampler from its ``seed``.
        seed: of the first trial's sampler. Trial n has seed + n, so that an
            interrupted study continues with the same trials.
        pruner: ends bad trials early.
        n_trials: the total number of trials of the study.
        n_jobs: how many trials are trained at the same time.
        launch: trains runs.
    """

    space: Space
    objectives: Mapping[str, Mode]
    monitor: str
    sampler: partial[BaseSampler]
    seed: int
    pruner: BasePruner
    n_trials: int
    n_jobs: int
    launch: Launch
    study: Study = field(init=False)

    def __post_init__(self) -> None:
        for name in ("n_trials", "n_jobs", "seed"):
            value = check_value(getattr(self, name), int, f"hydra.sweeper.{name}")
            if name != "seed" and value < 1:
                raise UserError(f"hydra.sweeper.{name}={value}: must be 1 or more")
        if self.prunes and list(self.objectives) != [self.monitor]:
            raise UserError(
                f"hydra/sweeper/pruner: trials are ended by {self.monitor}, so this "
                "must be the only objective: hydra/sweeper/pruner=none"
            )
        if self.prunes and len(self.space.repeats) > 1:
            raise UserError(
                "hydra/sweeper/pruner: a trial of several seeds or folds cannot be "
                "ended by one of them: hydra/sweeper/pruner=none"
            )

    @property
    def prunes(self) -> bool:
        """Whether trials may be ended early."""
        return not isinstance(self.pruner, NopPruner)

    def run(self, folder: Path) -> None:
        """Train the trials that are missing in the study of a sweep's folder."""
        with open_study(folder) as storage:
            with report_broken_study(folder):
                self.study = self.load_or_create_study(storage)
                self.study.pruner = self.pruner
                retry_interrupted(self.study)
                ended_trials(self.study)
            while (missing := self.n_trials - len(ended_trials(self.study))) > 0:
                self.train(min(missing, self.n_jobs))

    def load_or_create_study(self, storage: RDBStorage) -> Study:
        """Load the study of a storage, which has to be of this search, or create it."""
        modes = self.objectives.values()
        study = optuna.create_study(
            storage=storage,
            study_name=NAME,
            directions=["minimize" if mode == "min" else "maximize" for mode in modes],
            load_if_exists=True,
        )
        begun = study.user_attrs.get(OBJECTIVES, self.objectives)
        if begun != self.objectives:
            raise UserError(
                f"the study in this folder began with the objectives {begun}; "
                f"{self.objectives} needs a new folder"
            )
        study.set_user_attr(OBJECTIVES, self.objectives)
        known = [trial.distributions for trial in study.get_trials(deepcopy=False)]
        for axis, each in product(self.space.axes, known):
            before = each.get(axis.key, axis.distribution)
            try:
                check_distribution_compatibility(before, axis.distribution)
            except ValueError as error:
                raise UserError(
                    f"{axis.key}: the study in this folder began with other choices "
                    f"({before}): give these, or a new folder"
                ) from error
        return study

    def train(self, count: int) -> None:
        """Choose trials, launch their runs, record the results."""
        chosen = [self.ask() for _ in range(count)]
        repeats = self.space.repeats
        jobs = []
        for trial, job in chosen:
            # It names the trial to the pruner; the hash of a config omits it.
            number = [f"sweep.trial={trial.number}"] if self.prunes else []
            jobs += [(*job, *repeat, *number) for repeat in repeats]
        first, _ = chosen[0]
        folders = iter(self.launch(jobs, first.number * len(repeats)))
        for trial, _ in chosen:
            self.tell(trial, list(islice(folders, len(repeats))))

    def ask(self) -> tuple[Trial, Job]:
        """Return the next trial and the overrides that the sampler chose."""
        trials = self.study.get_trials(deepcopy=False)
        chosen = sum(RETRY_OF not in trial.user_attrs for trial in trials)
        self.study.sampler = self.sampler(seed=self.seed + chosen)
        trial = self.study.ask()
        return trial, self.space.fill(lambda axis: axis.suggest(trial))

    def tell(self, trial: Trial, folders: Sequence[Path]) -> None:
        """Record the results of a trial's runs."""
        trial.set_user_attr("runs", [folder.name for folder in folders])
        result: list[float] | None = None
        if any(status_of(folder) != "done" for folder in folders):
            state = TrialState.FAIL
        else:
            summaries = [read_summary(folder) for folder in folders]
            result = values(summaries, self.objectives)
            state = TrialState.COMPLETE if result else TrialState.FAIL
            if any(summary.get("pruned_epoch") for summary in summaries):
                result, state = None, TrialState.PRUNED
        with suppress(RuntimeError):  # of a sampler that would stop Optuna's own loop
            self.study.tell(trial, result, state)


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
