"""What a report says in words."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import polars as pl

from litmlp.engine.report.findings import Findings
from litmlp.engine.report.number_format import interval, number, percent, spread
from litmlp.engine.report.problems import VALUE, has_diverged
from litmlp.engine.report.runs_table import Runs
from litmlp.engine.report.search import Searched

MOST_AXES = 5


def how_many(runs: Runs) -> str:
    """How many runs there are, by status."""
    counts = Counter(
        "diverged" if has_diverged(run) else run["status"]
        for run in runs.table.rows(named=True)
    )
    parts = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    return f"{runs.table.height} runs: {parts}."


def how_it_went(searched: Searched) -> str:
    """``30 trials: 21 complete, 9 pruned; best: trial 12, loss/val 0.0098``."""
    counts = Counter(trial.state for trial in searched.trials)
    states = ", ".join(f"{count} {state}" for state, count in counts.most_common())
    text = f"{len(searched.trials)} trials: {states}"
    if len(searched.objectives) > 1:
        return f"{text}; {len(searched.best)} of them on the Pareto front"
    for trial in searched.best:
        value = f"{searched.objectives[0]} {number(trial.values[0])}"
        text = f"{text}; best: trial {trial.number}, {value}"
    return text


def most_important(searched: Searched) -> str:
    """``optimizer.lr 62 %, activation 21 % of loss/val``, for each objective."""
    return "; ".join(
        f"{', '.join(f'{k} {percent(v)}' for k, v in top)} of {name}"
        for name, shares in searched.importances.items()
        if (top := list(shares.items())[:MOST_AXES])
    )


def best_choice(findings: Findings) -> str:
    """The choice that validation made, and what it is worth on the test rows."""
    problem, best = findings.problem, findings.choices.row(0, named=True)
    count = best[f"{VALUE} count"]
    values = [f"{problem.monitor} {with_interval(best, VALUE)}"]
    if problem.test:
        values.append(f"{problem.test} {with_interval(best, problem.test)}")
    text = f"{best['choice']}: {', '.join(values)}; {count} run{'s' * (count > 1)}"
    tied = findings.choices.filter(pl.col("against best") == "tied").height
    others = f"{tied} other{'s' * (tied > 1)}"
    return f"{text}; {others} tied with it" if tied else text


def with_interval(row: Mapping[str, Any], name: str) -> str:
    """``0.1234 ± 0.0100 (0.1110 to 0.1358)``."""
    ends = interval(row, name)
    return f"{spread(row, name)} ({ends})" if ends else spread(row, name)


def what_mattered(findings: Findings) -> str:
    """``optimizer 62 %, activation 21 % of the variance of loss/val``."""
    known = findings.effects.drop_nulls("share").head(MOST_AXES).rows(named=True)
    shares = ", ".join(f"{row['axis']} {percent(row['share'])}" for row in known)
    return f"{shares} of the variance of {findings.problem.monitor}" if shares else ""
