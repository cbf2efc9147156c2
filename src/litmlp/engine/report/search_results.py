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
class Search:
    """A search, ended or still going on.

    Attributes:
        folder: of the sweep.
        objectives: the metrics by which trials are judged: ``min`` or ``max`` for each.
        trials: those that ended, in the order in which they began.
        best: trials that no other surpasses in all objectives.
        importances: for each objective, the fraction of its variance that each choice
            explains (fANOVA, https://proceedings.mlr.press/v32/hutter14.html), the
            largest first.
    """

    folder: Path
    objectives: Mapping[str, str]
    trials: Sequence["FrozenTrial"]
    best: Sequence["FrozenTrial"]
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
        trials = ended_trials(study)
        if not trials:
            return None
        return Search(
            folder=shortest(folder.resolve()),
            objectives=objectives,
            trials=trials,
            best=best_trials(study),
            importances={
                name: importances(study, index) for index, name in enumerate(objectives)
            },
        )


def state_of(trial: "FrozenTrial") -> str:
    """Return complete, pruned, failed, or diverged if it was never finite."""
    finite = all(map(math.isfinite, trial.values or [math.nan]))
    state = trial.state.name.lower().replace("fail", "failed")
    return "diverged" if state == "complete" and not finite else state


def choice_of(trial: "FrozenTrial") -> str:
    """Return ``activation=relu optimizer.lr=0.01``."""
    return " ".join(f"{key}={short(value)}" for key, value in trial.params.items())


def best_trials(study: "Study") -> list["FrozenTrial"]:
    """Return the trials that no other surpasses, ordered by their first objective."""
    found = [t for t in study.best_trials if all(map(math.isfinite, t.values))]
    best = sorted(found, key=lambda trial: (trial.values, trial.number))
    return best[:1] if len(study.directions) == 1 else best


def importances(study: "Study", index: int) -> dict[str, float]:
    """Return the fraction of an objective's variance that each choice explains.

    An outlier counts as the limit of outliers: otherwise a trial that almost diverged
    would be all of the variance.
    """
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    complete = [t.values[index] for t in study.trials if state_of(t) == "complete"]
    low, high = np.quantile(complete or [0.0], (0.25, 0.75))
    away = 1.5 * (high - low)  # where outliers begin (Tukey)

    def target(trial: "FrozenTrial") -> float:
        value = float(trial.values[index])
        finite = math.isfinite(value)
        return float(np.clip(value, low - away, high + away)) if finite else value

    try:
        return get_param_importances(
            study, evaluator=FanovaImportanceEvaluator(seed=0), target=target
        )
    except (RuntimeError, ValueError):  # too few trials, or all of the same value
        return {}
