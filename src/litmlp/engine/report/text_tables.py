"""The tables of a report, for the console and for the page alike."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any

import polars as pl

from litmlp.engine.report.comparable_runs import COUNT, Problem
from litmlp.engine.report.run_record import short
from litmlp.engine.report.runs_table import VALUE, Runs, has_diverged
from litmlp.engine.report.search_results import Search, choice_of
from litmlp.engine.terminal.wording import number, percent

Row = Mapping[str, Any]
Column = tuple[str, Callable[[Row], str]]
"""A heading, and a function from a row to the text of its cell."""


INTERVAL = "95 % interval"
"""The column of a page alone: a terminal may be narrow."""


@dataclass(frozen=True)
class TextTable:
    """A table of texts.

    Args:
        columns: their names.
        rows: one text per column.
        left: number of columns, from the left, that hold words and not numbers.
        folders: of the runs, if each row is a run.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1
    folders: Sequence[str] = ()


def table_of_runs(runs: Runs, problems: Sequence[Problem]) -> TextTable:
    """Return every run: by problem, the best first, runs without a value last."""

    def seconds(row: Row) -> str:
        return "" if row["wall_seconds"] is None else f"{row['wall_seconds']:.1f}"

    rows = sorted(runs.table.rows(named=True), key=best_first)
    table = fill(
        rows,
        words=[*names_of_runs(runs, problems), ("status", status)],
        numbers=[
            (monitored(problems), lambda row: number(row[VALUE])),
            tested(problems),
            ("seconds", seconds),
        ],
    )
    return replace(table, folders=[row["run"] for row in rows])


def table_of_failures(runs: Runs, problems: Sequence[Problem]) -> TextTable:
    """Return every run without a value, with the first line of its error."""
    failed = runs.table.filter(pl.col(VALUE).is_null())
    words = [*names_of_runs(runs, problems), ("status", status), ("error", error)]
    return fill(failed.rows(named=True), words=words)


def table_of_choices(problem: Problem) -> TextTable:
    """Return every choice with the statistics of its runs, the best first."""
    test = problem.test
    return fill(
        problem.ranking.rows(named=True),
        words=[column(name) for name in problem.choices],
        numbers=[
            ("runs", count),
            (problem.monitor, lambda row: spread(row, VALUE)),
            (INTERVAL, lambda row: interval(row, VALUE)),
            *([(test, lambda row: spread(row, test))] if test else []),
            ("verdict", lambda row: row["against best"] or ""),
        ],
    )


def table_of_effects(problem: Problem) -> TextTable:
    """Return every axis with the part of the runs' variance that it explains."""

    def best_level(row: Row) -> str:
        """Return the best level of a choice; the luckiest seed is none."""
        return "" if row["axis"] in problem.seeds else str(row["best"])

    def fraction(row: Row) -> str:
        return "" if row["fraction"] is None else percent(row["fraction"])

    return fill(
        problem.effects.rows(named=True),
        words=[column("axis"), ("best level", best_level)],
        numbers=[
            ("levels", lambda row: str(row["levels"])),
            ("fraction of variance", fraction),
            ("spread of means", lambda row: number(row["spread"])),
        ],
    )


def table_of_best_trials(search: Search) -> TextTable:
    """Return the trials that no other surpasses."""
    columns = ["trial", "choice", *search.objectives]
    rows = [
        [
            str(trial.number),
            choice_of(trial),
            *(f"{v:.0f}" if v.is_integer() else number(v) for v in trial.values),
        ]
        for trial in search.best
    ]
    return TextTable(columns, rows, left=2)


def fill(
    rows: Iterable[Row], *, words: Sequence[Column], numbers: Sequence[Column] = ()
) -> TextTable:
    """Return a table with these columns, without columns that stay empty."""
    cells = [[cell(row) for _, cell in (*words, *numbers)] for row in rows]
    used = [any(column) for column in zip(*cells, strict=True)]
    headings = [heading for heading, _ in (*words, *numbers)]
    return TextTable(
        list(compress(headings, used)),
        [list(compress(row, used)) for row in cells],
        left=sum(used[: len(words)]),
    )


def column(name: str) -> Column:
    """Return a column with a row's value under a name, if it has one."""
    return name, lambda row: short(row[name]) if name in row else ""


def names_of_runs(runs: Runs, problems: Sequence[Problem]) -> list[Column]:
    """Return columns that identify runs: differences in a problem, else the folder."""
    inside = {k for p in problems for k in (*p.choices, *p.seeds)}
    varying = [key for key in runs.choices if key in inside or not problems]
    several = ["problem"] * (len(problems) > 1)
    return [column(name) for name in [*several, *varying] or ["run"]]


def monitored(problems: Sequence[Problem]) -> str:
    """Return the heading of the values that rank the runs."""
    names = dict.fromkeys(each.monitor for each in problems)
    return ", ".join(names) or "best value"


def tested(problems: Sequence[Problem]) -> Column:
    """Return a column of the test metric of each problem."""
    tests = {each.name: each.test or "" for each in problems}

    def cell(row: Row) -> str:
        test = tests.get(row["problem"])
        return number(row[test]) if test else ""

    return ", ".join(filter(None, dict.fromkeys(tests.values()))), cell


def best_first(row: Row) -> tuple[str, bool, float]:
    """Return a key that sorts runs by problem and value, runs without a value last."""
    value = row[VALUE]
    better = -1 if row["mode"] == "max" else 1
    return row["problem"], value is None, better * (value or 0.0)


def count(row: Row) -> str:
    """Return the number of runs with a value, ``3 of 4`` if some have none."""
    measured, started = row[COUNT], row["runs started"]
    return str(measured) if measured == started else f"{measured} of {started}"


def status(row: Row) -> str:
    """Return how a run ended."""
    if has_diverged(row):
        return "diverged"
    epoch = row["pruned_epoch"]
    return row["status"] if epoch is None else f"pruned after epoch {epoch}"


def error(row: Row) -> str:
    """Return why a run has no value."""
    diverged = f"{row['monitor']} was never a finite number"
    return row["error"] or (diverged if has_diverged(row) else "")


def spread(row: Row, name: str) -> str:
    """Return mean ± standard deviation of a row's statistics of a metric."""
    mean, std = row[f"{name} mean"], row[f"{name} std"]
    return number(mean) if std is None else f"{number(mean)} ± {number(std)}"


def interval(row: Row, name: str) -> str:
    """Return the ends of the 95 % interval of a mean."""
    low, high = row[f"{name} low"], row[f"{name} high"]
    return "" if low is None else f"{number(low)} to {number(high)}"
