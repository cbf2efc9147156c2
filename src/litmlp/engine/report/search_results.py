"""The results of a search: its trials, the best of them, the choices that mattered."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from litmlp.engine.folder.sweep_folder import holds_search
from litmlp.engine.report.run_record import short
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
        values: one per objective, NaN without a value; of a pruned trial its last.
        choice: ``activation=relu optimizer.lr=0.01``.
    """

    number: int
    state: str
    values: Sequence[float]
    choice: str


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search, ended or still going on.

    Attributes:
        folder: of the sweep.
        objectives: names of the metrics by which trials are judged.
        modes: ``min`` or ``max`` for each.
        trials: in the order in which they began.
        best: trials that no other surpasses in all objectives.
        importances: for each objective, the fraction of its variance that each choice
            explains (fANOVA, https://proceedings.mlr.press/v32/hutter14.html), the
            largest first.
    """

    folder: Path
    objectives: Sequence[str]
    modes: Sequence[str]
    trials: Sequence[Trial]
    best: Sequence[Trial]
    importances: Mapping[str, Mapping[str, float]]


def read_searches(runs: Iterable[Path]) -> Iterator[Search]:
    """Yield the searches to which runs belong as trials."""
    folders = dict.fromkeys(run.parent for run in runs)
    for folder in filter(holds_search, folders):
        try:
            search = read_search(folder)
        except ModuleNotFoundError:
            console.print("a search is not shown: pip install litmlp[optuna]")
        except UserError as error:
            console.print(f"a search is not shown: {error}", soft_wrap=True)
        else:
            yield from filter(None, [search])


def read_search(folder: Path) -> Search | None:
    """Return the search of a sweep, if a trial has ended."""
    import optuna  # an extra

    from litmlp.engine.folder.study_file import (
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
        if not trials:
            return None
        return Search(
            folder=shortest(folder.resolve()),
            objectives=list(objectives),
            modes=list(objectives.values()),
            trials=list(trials.values()),
            best=[trials[trial.number] for trial in best_trials(study)],
            importances={
                name: importances(study, index, objectives[name])
                for index, name in enumerate(objectives)
            },
        )


def as_trial(trial: "FrozenTrial", objectives: int) -> Trial:
    """Convert a trial of Optuna."""
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
    """Return the trials that no other surpasses, ordered by their first objective."""
    found = [t for t in study.best_trials if all(map(math.isfinite, t.values))]
    best = sorted(found, key=lambda trial: (trial.values, trial.number))
    return best[:1] if len(study.directions) == 1 else best


def importances(study: "Study", index: int, mode: str) -> dict[str, float]:
    """Return the fraction of an objective's variance that each choice explains.

    An outlier counts as the limit of outliers: otherwise a trial that almost diverged
    would be all of the variance.
    """
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    complete = [t.values[index] for t in study.trials if t.state.name == "COMPLETE"]
    finite = [value for value in complete if math.isfinite(value)]
    if not finite:
        return {}
    low, high = np.quantile(finite, (0.25, 0.75))
    away = 1.5 * (high - low)  # where outliers on the bad side begin (Tukey)
    limit, nearer = (high + away, min) if mode == "min" else (low - away, max)

    def target(trial: "FrozenTrial") -> float:
        value = float(trial.values[index])
        return float(nearer(value, limit)) if math.isfinite(value) else value

    try:
        return get_param_importances(
            study, evaluator=FanovaImportanceEvaluator(seed=0), target=target
        )
    except (RuntimeError, ValueError):  # too few trials, or all of the same value
        return {}
