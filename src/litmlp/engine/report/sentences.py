"""The sentences of a report, for the console and for the page alike."""

from collections import Counter
from statistics import fmean
from typing import get_args

import polars as pl

from litmlp.engine.folder.run_folder import Baseline
from litmlp.engine.report.comparable_runs import COUNT, Problem
from litmlp.engine.report.runs_table import VALUE, Runs, has_diverged
from litmlp.engine.report.search_results import Search, state_of
from litmlp.engine.report.text_tables import Row, interval, spread
from litmlp.engine.terminal.wording import number, percent

MOST_AXES = 5


def count_runs(runs: Runs) -> str:
    """Return ``14 runs: 12 done, 1 failed, 1 diverged.``."""
    counts = Counter(
        "diverged" if has_diverged(run) else run["status"]
        for run in runs.table.rows(named=True)
    )
    parts = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    return f"{runs.table.height} runs: {parts}."


def search_result(search: Search) -> str:
    """Return ``30 trials: 21 complete, 9 pruned; best: trial 12, loss/val 0.0098``."""
    counts = Counter(map(state_of, search.trials))
    states = ", ".join(f"{count} {state}" for state, count in counts.most_common())
    text = f"{len(search.trials)} trials: {states}"
    if len(search.objectives) > 1:
        return f"{text}; {len(search.best)} of them on the Pareto front"
    for name, trial in zip(search.objectives, search.best, strict=False):
        value = f"{name} {number(trial.values[0])}"
        text = f"{text}; best: trial {trial.number}, {value}"
    return text


def important_choices(search: Search) -> str:
    """Return ``optimizer.lr 62 %, activation 21 % of loss/val``, for each objective."""
    return "; ".join(
        f"{', '.join(f'{k} {percent(v)}' for k, v in top)} of {name}"
        for name, fractions in search.importances.items()
        if (top := list(fractions.items())[:MOST_AXES])
    )


def best_choice(problem: Problem) -> str:
    """Return the choice that validates best, with its values and its ties."""
    best = problem.ranking.row(0, named=True)
    count = best[COUNT]
    values = [f"{problem.monitor} {with_interval(best, VALUE)}"]
    if problem.test:
        values.append(f"{problem.test} {with_interval(best, problem.test)}")
    runs = f"mean of {count} runs" if count > 1 else "1 run"
    text = f"{best['choice']}: {', '.join(values)}; {runs}"
    tied = problem.ranking.filter(pl.col("against best") == "tied").height
    others = f"{tied} other{'s' * (tied > 1)}"
    return f"{text}; {others} tied with it" if tied else text


def baselines(problem: Problem) -> str:
    """Return ``accuracy of majority class 0.1000, accuracy of linear model 0.95``."""
    runs = problem.runs
    metric = (problem.test or "").removesuffix("/test")
    names = [f"{metric} of {each}" for each in get_args(Baseline)]
    values = {n: runs[n].drop_nulls().to_list() for n in names if n in runs.columns}
    return ", ".join(f"{n} {number(fmean(v))}" for n, v in values.items() if v)


def with_interval(row: Row, name: str) -> str:
    """Return ``0.1234 ± 0.0100 (0.1110 to 0.1358)``."""
    ends = interval(row, name)
    return f"{spread(row, name)} ({ends})" if ends else spread(row, name)


def equal_levels(problem: Problem) -> str:
    """Return ``activation: runs that differ in nothing else have equal values``."""
    axes = ", ".join(problem.without_effect)
    return axes and f"{axes}: runs that differ in nothing else have equal values"


def strongest_axes(problem: Problem) -> str:
    """Return ``optimizer 62 %, activation 21 % of the variance of loss/val``."""
    known = problem.effects.drop_nulls("fraction").head(MOST_AXES).rows(named=True)
    fractions = ", ".join(f"{row['axis']} {percent(row['fraction'])}" for row in known)
    return fractions and f"{fractions} of the variance of {problem.monitor}"
