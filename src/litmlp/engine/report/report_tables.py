"""The tables of a report, for the console and for pages alike."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress
from typing import Any

import polars as pl

from litmlp.engine.report.effects import MEAN, marginal_means
from litmlp.engine.report.findings import Findings
from litmlp.engine.report.markup import Rows
from litmlp.engine.report.number_format import (
    decimals,
    interval,
    number,
    percent,
    short,
    spread,
)
from litmlp.engine.report.problems import VALUE, has_diverged
from litmlp.engine.report.runs_table import Runs
from litmlp.engine.report.search import Searched

Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]
"""A heading, and what stands below it in a row."""


def table_of_runs(runs: Runs, findings: Sequence[Findings]) -> Rows:
    """Every run: problem by problem, the best first and those without a value last."""
    return filled(
        sorted(runs.table.rows(named=True), key=best_first),
        texts=[*names_of_runs(runs, findings), ("status", status)],
        numbers=[
            (monitored(findings), lambda row: number(row[VALUE])),
            tested(findings, lambda row, test: number(row[test])),
            ("seconds", lambda row: decimals(row["wall_seconds"], 1)),
        ],
    )


def table_of_failures(
    runs: Runs, findings: Sequence[Findings], *, unfinished: bool = True
) -> Rows:
    """Every run that came to no value, with its error's first line.

    Args:
        unfinished: whether those are among them that are not done.
    """
    failed = runs.table.filter(
        pl.col(VALUE).is_null() & ((pl.col("status") == "done") | unfinished)
    )
    texts = [*names_of_runs(runs, findings), ("status", status), ("error", error)]
    return filled(failed.rows(named=True), texts=texts)


def table_of_choices(findings: Sequence[Findings]) -> Rows:
    """Every choice with what its runs came to, problem by problem, the best first."""
    choices = dict.fromkeys(key for each in findings for key in each.problem.choices)
    rows = [
        {"problem": each.problem.name} | row
        for each in findings
        for row in each.choices.rows(named=True)
    ]
    return filled(
        rows,
        texts=[column(name) for name in [*several(findings), *choices]],
        numbers=[
            ("runs", count),
            (monitored(findings), lambda row: spread(row, VALUE)),
            ("95 % interval", lambda row: interval(row, VALUE)),
            ("median", median),
            tested(findings, spread),
            ("verdict", lambda row: row["against best"] or ""),
        ],
    )


def table_of_effects(findings: Findings) -> Rows:
    """Every axis with how much of the runs' variance it explains."""
    return filled(
        findings.effects.rows(named=True),
        texts=[column("axis"), ("best level", lambda row: row["best"])],
        numbers=[
            ("levels", lambda row: str(row["levels"])),
            ("share of variance", lambda row: percent(row["share"])),
            ("spread of means", lambda row: number(row["spread"])),
        ],
    )


def table_of_levels(findings: Findings) -> Rows:
    """Every level of every choice: what its runs came to, whatever else was chosen."""
    choices = findings.problem.compared
    means = [marginal_means(findings.levels, choice) for choice in choices]
    return filled(
        [row for levels in means for row in levels.rows(named=True)],
        texts=[column("axis"), column("level")],
        numbers=[
            ("runs", lambda row: str(row[f"{VALUE} count"])),
            (f"mean {findings.problem.monitor}", lambda row: spread(row, VALUE)),
            ("95 % interval", lambda row: interval(row, VALUE)),
        ],
    )


def table_of_pairings(findings: Findings) -> Rows:
    """Every pair of axes with the levels that go best together."""
    return filled(
        findings.pairings.rows(named=True),
        texts=[
            ("best pair", lambda row: f"{row['first']}={row['level']}"),
            ("of levels", lambda row: f"{row['second']}={row['other']}"),
        ],
        numbers=[
            ("runs", lambda row: str(row[f"{VALUE} count"])),
            (f"mean {findings.problem.monitor}", lambda row: number(row[MEAN])),
        ],
    )


def table_of_best_trials(searched: Searched) -> Rows:
    """The best trial, or those on the Pareto front."""
    columns = ["trial", "choice", *searched.objectives]
    rows = [
        [str(trial.number), trial.choice, *map(counted, trial.values)]
        for trial in searched.best
    ]
    return Rows(columns, rows, texts=2)


def counted(value: float) -> str:
    """A number, without decimals if it is a whole one, such as of parameters."""
    return f"{value:.0f}" if value.is_integer() else number(value)


def filled(
    rows: Iterable[Row], *, texts: Sequence[Column], numbers: Sequence[Column] = ()
) -> Rows:
    """A table with these columns, without those that stay empty."""
    cells = [[cell(row) for _, cell in (*texts, *numbers)] for row in rows]
    used = [any(stack) for stack in zip(*cells, strict=True)]
    headings = [heading for heading, _ in (*texts, *numbers)]
    return Rows(
        list(compress(headings, used)),
        [list(compress(row, used)) for row in cells],
        texts=sum(used[: len(texts)]),
    )


def column(name: str) -> Column:
    """What a row has under a name, if anything."""
    return name, lambda row: short(row[name]) if name in row else ""


def names_of_runs(runs: Runs, findings: Sequence[Findings]) -> list[Column]:
    """What tells runs apart: what differs within some problem, else the folder."""
    within = {k for f in findings for k in (*f.problem.choices, *f.problem.seeds)}
    varying = [key for key in runs.choices if key in within or not findings]
    return [column(name) for name in [*several(findings), *varying] or ["run"]]


def several(findings: Sequence[Findings]) -> list[str]:
    """A column for the problem where there is more than one."""
    return ["problem"] if len(findings) > 1 else []


def monitored(findings: Sequence[Findings]) -> str:
    """The heading of the values that runs are ranked by."""
    names = {each.problem.monitor for each in findings}
    return names.pop() if len(names) == 1 else "best value"


def tested(findings: Sequence[Findings], text: Callable[[Row, str], str]) -> Column:
    """The problem's metric on the test rows; named in the cell if problems differ."""
    tests = {each.problem.name: each.problem.test for each in findings}
    names = set(tests.values())

    def cell(row: Row) -> str:
        test = tests.get(row["problem"])
        value = text(row, test) if test else ""
        return f"{value} {test}" if value and len(names) > 1 else value

    return (tests[findings[0].problem.name] or "test") if len(
        names
    ) == 1 else "test", cell


def best_first(row: Row) -> tuple[str, bool, float]:
    """Sorts runs by problem and value, none last."""
    value = row[VALUE]
    better = -1 if row["mode"] == "max" else 1
    return row["problem"], value is None, better * (value or 0.0)


def count(row: Row) -> str:
    """How many runs have a value, and of how many if some have none."""
    measured = row[f"{VALUE} count"]
    return (
        str(measured)
        if measured == row["runs started"]
        else f"{measured} of {row['runs started']}"
    )


def median(row: Row) -> str:
    """The median of several runs."""
    return number(row[f"{VALUE} median"]) if row[f"{VALUE} count"] > 1 else ""


def status(row: Row) -> str:
    """How a run ended, and when, if others promised more."""
    if has_diverged(row):
        return "diverged"
    epoch = row["pruned_epoch"]
    return row["status"] if epoch is None else f"pruned after epoch {epoch}"


def error(row: Row) -> str:
    """Why a run has no value."""
    diverged = f"{row['monitor']} was never a finite number"
    return row["error"] or (diverged if has_diverged(row) else "")
