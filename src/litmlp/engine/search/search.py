"""A search: trials asked of a sampler, trained by a launcher, and told."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler, BruteForceSampler
from optuna.study import Study
from optuna.trial import Trial, TrialState

from litmlp.engine.folder import run_folder
from litmlp.engine.folder.study import (
    ended_trials,
    open_study,
    report_broken_study,
)
from litmlp.engine.search.objectives import Mode, values
from litmlp.engine.search.space import Job, Space
from litmlp.engine.search.study import asked, begin, retry_interrupted
from litmlp.errors import UserError

Launch = Callable[[Sequence[Job], int], Sequence[Path]]
"""Trains a run for each list of overrides, the first of which has a number in the
sweep; returns their folders in the same order."""


@dataclass(kw_only=True)
class Search:
    """The trials of a study, up to a number.

    Args:
        space: what is searched.
        objectives: what a trial is judged by.
        modes: which end of each is best.
        sampler: makes a sampler from its ``seed``.
        seed: of the first trial's sampler; trial n has seed + n, so that a study goes
            on after an interruption as if there had been none.
        pruner: ends bad trials early.
        n_trials: of the study in all.
        n_jobs: how many trials are trained at once.
        launch: trains them.
    """

    space: Space
    objectives: Sequence[str]
    modes: Sequence[Mode]
    sampler: partial[BaseSampler]
    seed: int
    pruner: BasePruner
    n_trials: int
    n_jobs: int
    launch: Launch
    study: Study = field(init=False)

    def __post_init__(self) -> None:
        for name in ("n_trials", "n_jobs"):
            if getattr(self, name) < 1:
                given = getattr(self, name)
                raise UserError(f"hydra.sweeper.{name}={given}: must be 1 or more")
        if self.sampler.func is BruteForceSampler:
            self.n_trials = len(list(islice(self.space.grid(), self.n_trials)))

    @property
    def prunes(self) -> bool:
        """Whether trials may be ended early."""
        return not isinstance(self.pruner, NopPruner)

    def run(self, folder: Path) -> None:
        """Train what is missing of the trials of a sweep's study.

        Raises:
            UserError: another process does, or the study is one of something else.
        """
        with open_study(folder) as storage:
            with report_broken_study(folder):
                axes = self.space.axes
                self.study = begin(storage, self.objectives, self.modes, axes)
                self.study.pruner = self.pruner
                retry_interrupted(self.study)
                ended_trials(self.study)
            while (missing := self.n_trials - len(ended_trials(self.study))) > 0:
                self.train(min(missing, self.n_jobs))

    def train(self, count: int) -> None:
        """Ask for trials, launch their runs, tell what they came to.

        Trials that happen to be alike share their runs.
        """
        alike: dict[Job, list[Trial]] = {}
        for _ in range(count):
            trial, job = self.ask()
            alike.setdefault(job, []).append(trial)
        repeats = self.space.repeats
        jobs = [
            (*job, *repeat, *self.reserved(trials[0]))
            for job, trials in alike.items()
            for repeat in repeats
        ]
        first = min(trial.number for trials in alike.values() for trial in trials)
        folders = iter(self.launch(jobs, first * len(repeats)))
        for trials in alike.values():
            own = list(islice(folders, len(repeats)))
            for trial in trials:
                self.tell(trial, own)

    def ask(self) -> tuple[Trial, Job]:
        """The next trial, and the overrides that the sampler chose."""
        self.study.sampler = self.sampler(seed=self.seed + asked(self.study))
        trial = self.study.ask()
        return trial, self.space.fill(lambda axis: axis.suggest(trial))

    def reserved(self, trial: Trial) -> Job:
        """What tells a run whose trial it is; not part of its config's hash."""
        return (f"sweep.trial={trial.number}",) if self.prunes else ()

    def tell(self, trial: Trial, folders: Sequence[Path]) -> None:
        """Note what a trial's runs came to."""
        trial.set_user_attr("runs", [folder.name for folder in folders])
        summaries = [summary_of(folder) for folder in folders]
        result: list[float] | None = None
        if any(summary["status"] != "done" for summary in summaries):
            state = TrialState.FAIL
        elif any(summary.get("pruned_epoch") for summary in summaries):
            state = TrialState.PRUNED
        else:
            result = values(summaries, self.objectives, self.modes)
            state = TrialState.COMPLETE if result else TrialState.FAIL
        with suppress(RuntimeError):  # a grid's sampler can stop only Optuna's own loop
            self.study.tell(trial, result, state)


def summary_of(folder: Path) -> run_folder.Summary:
    """What a run left; nothing counts as failed."""
    try:
        return run_folder.read_summary(folder)
    except UserError:
        return {"status": "failed"}
