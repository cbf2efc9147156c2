"""What a search came to: its trials, the best of them, and which choices mattered."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from litmlp.engine.folder.sweep_folder import holds_search
from litmlp.engine.report.number_format import short
from litmlp.engine.terminal.console import console, shortest
from litmlp.errors import UserError

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A choice that was tried.

    Attributes:
        number: in the study.
        state: complete, pruned, failed, or diverged if it was never finite.
        values: one an objective, NaN where there is none; of a pruned trial its last.
        choice: ``activation=relu optimizer.lr=0.01``.
    """

    number: int
    state: str
    values: Sequence[float]
    choice: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Searched:
    """A search that has ended, or has come so far.

    Attributes:
        folder: of the sweep.
        objectives: what trials are judged by.
        modes: ``min`` or ``max`` for each.
        trials: in the order in which they were begun.
        best: trials that no other surpasses in all objectives.
        importances: for each objective, the share of its variance that each choice
            explains (fANOVA, https://proceedings.mlr.press/v32/hutter14.html), the
            largest first.
    """

    folder: Path
    objectives: Sequence[str]
    modes: Sequence[str]
    trials: Sequence[Trial]
    best: Sequence[Trial]
    importances: Mapping[str, Mapping[str, float]]


def read_searches(runs: Iterable[Path]) -> Iterator[Searched]:
    """The searches that runs are trials of."""
    folders = dict.fromkeys(run.parent for run in runs)
    with_study = [folder for folder in folders if holds_search(folder)]
    if with_study and find_spec("optuna") is None:
        console.print("searches are not shown: pip install litmlp[optuna]")
        return
    for folder in with_study:
        try:
            searched = read_search(folder)
        except UserError as error:
            console.print(f"a search is not shown: {error}", soft_wrap=True)
        else:
            yield from filter(None, [searched])


def read_search(folder: Path) -> Searched | None:
    """The search of a sweep, if a trial has come to an end.

    Raises:
        UserError: its file cannot be used.
    """
    import optuna  # an extra

    from litmlp.engine.folder.study import (
        NAME,
        OBJECTIVES,
        ended_trials,
        open_study,
        report_broken_study,
    )

    with open_study(folder) as storage, report_broken_study(folder):
        study = optuna.load_study(study_name=NAME, storage=storage)
        objectives: dict[str, str] = study.user_attrs[OBJECTIVES]
        trials = {t.number: as_trial(t, len(objectives)) for t in ended_trials(study)}
        best = [trials[trial.number] for trial in best_trials(study)]
        if not trials:
            return None
        return Searched(
            folder=shortest(folder.resolve()),
            objectives=list(objectives),
            modes=list(objectives.values()),
            trials=list(trials.values()),
            best=best,
            importances={
                name: importances(study, place, objectives[name])
                for place, name in enumerate(objectives)
            },
        )


def as_trial(trial: "FrozenTrial", objectives: int) -> Trial:
    """A trial of Optuna's as a report tells of it."""
    values = trial.values or [math.nan] * objectives
    finite = all(map(math.isfinite, values))
    state = trial.state.name.lower().replace("fail", "failed")
    return Trial(
        number=trial.number,
        state=state if finite or state != "complete" else "diverged",
        values=values if finite else [math.nan] * objectives,
        choice=" ".join(f"{key}={short(v)}" for key, v in trial.params.items()),
    )


def best_trials(study: "Study") -> list["FrozenTrial"]:
    """Those that no other surpasses, by their first objective; none if all diverged."""
    found = [t for t in study.best_trials if all(map(math.isfinite, t.values))]
    best = sorted(found, key=lambda trial: (trial.values, trial.number))
    return best[:1] if len(study.directions) == 1 else best


def fence(values: Sequence[float], mode: str) -> float:
    """Where outliers begin on the bad side: 1.5 × the quartiles' distance (Tukey)."""
    low, high = np.quantile(values, (0.25, 0.75))
    return float(
        high + 1.5 * (high - low) if mode == "min" else low - 1.5 * (high - low)
    )


def importances(study: "Study", place: int, mode: str) -> dict[str, float]:
    """What each choice that all trials made explains of an objective.

    Outliers count as where they begin: else one that has nearly diverged is all of the
    variance.
    """
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    complete = [t.values[place] for t in study.trials if t.state.name == "COMPLETE"]
    finite = [value for value in complete if math.isfinite(value)]
    if not finite:
        return {}
    limit, nearer = fence(finite, mode), min if mode == "min" else max

    def target(trial: "FrozenTrial") -> float:
        value = float(trial.values[place])
        return nearer(value, limit) if math.isfinite(value) else value

    try:
        return get_param_importances(
            study, evaluator=FanovaImportanceEvaluator(seed=0), target=target
        )
    except (RuntimeError, ValueError):  # too few trials, or all of the same value
        return {}
