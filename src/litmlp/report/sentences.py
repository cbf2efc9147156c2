"""What a report says in words."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from litmlp.report.findings import Findings
from litmlp.report.problems import VALUE
from litmlp.report.table import Runs
from litmlp.report.texts import interval, percent, spread

MOST_AXES = 5


def how_many(runs: Runs) -> str:
    """How many runs there are, by status."""
    counts = runs.table["status"].value_counts(sort=True).rows()
    parts = ", ".join(f"{count} {status}" for status, count in counts)
    return f"{runs.table.height} runs: {parts}."


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
