"""A report as the console shows it: short."""

from collections.abc import Iterable, Sequence

from rich.table import Table

from litmlp.engine.report.ensembles import Averaged, in_short
from litmlp.engine.report.findings import Findings
from litmlp.engine.report.markup import Rows
from litmlp.engine.report.report_tables import (
    table_of_best_trials,
    table_of_choices,
    table_of_failures,
    table_of_runs,
)
from litmlp.engine.report.runs_table import Runs
from litmlp.engine.report.search import Searched
from litmlp.engine.report.sentences import (
    best_choice,
    how_it_went,
    most_important,
    what_mattered,
)
from litmlp.engine.terminal.console import console, table

MOST_ROWS = 20
LEFT_OUT = ("median", "95 % interval")
"""Columns that a narrow terminal leaves to the report, rather than fold all of them."""
WIDEST = 1000


def show_report(
    runs: Runs,
    findings: Sequence[Findings],
    searches: Iterable[Searched],
    ensembles: Iterable[Averaged],
    *,
    unfinished: bool = True,
) -> None:
    """The runs, the choices if runs repeat them, and what follows from these.

    Args:
        unfinished: whether the failures are listed of runs that are not done.
    """
    show_table(table_of_runs(runs, findings))
    if any(each.choices.height < each.problem.runs.height for each in findings):
        show_table(table_of_choices(findings))
    show_table(table_of_failures(runs, findings, unfinished=unfinished))
    for reason in runs.skipped:
        console.print(f"skipped      {reason}", soft_wrap=True)
    for each in findings:
        if each.choices.height > 1:
            show_findings(each)
    for averaged in ensembles:
        console.print(f"{'ensemble':<12} {in_short(averaged)}", soft_wrap=True)
    for searched in searches:
        show_search(searched)


def show_search(searched: Searched) -> None:
    """How a search went, and its Pareto front if it has one."""
    console.print(f"{'search':<12} {how_it_went(searched)}", soft_wrap=True)
    if shares := most_important(searched):
        console.print(f"{'importance':<12} {shares}", soft_wrap=True)
    if len(searched.objectives) > 1:
        show_table(table_of_best_trials(searched))


def show_table(rows: Rows) -> None:
    """Its first rows, and how many more there are."""
    if not rows.rows:
        return
    for name in LEFT_OUT:
        if width(rows) > console.width and name in rows.columns:
            rows = without(rows, name)
    console.print(as_table(rows))
    if len(rows.rows) > MOST_ROWS:
        console.print(f"… and {len(rows.rows) - MOST_ROWS} more in the report")


def as_table(rows: Rows) -> Table:
    """The first rows in the house's style."""
    result = table(*rows.columns)
    for column in result.columns[1 : rows.texts]:
        column.justify = "left"
    for row in rows.rows[:MOST_ROWS]:
        result.add_row(*row)
    return result


def width(rows: Rows) -> int:
    """Of a table that is not folded."""
    options = console.options.update(width=WIDEST)
    return console.measure(as_table(rows), options=options).maximum


def without(rows: Rows, name: str) -> Rows:
    """A table without one of its numbers."""
    place = rows.columns.index(name)
    columns, *cells = (
        [*row[:place], *row[place + 1 :]] for row in (rows.columns, *rows.rows)
    )
    return Rows(columns, cells, rows.texts)


def show_findings(findings: Findings) -> None:
    """What was chosen by validation, how to train it again, what mattered."""
    if findings.problem.name:
        console.print(findings.problem.name)
    lines = {
        "best": best_choice(findings),
        "again": findings.command,
        "mattered": what_mattered(findings),
    }
    for name, text in lines.items():
        if text:
            console.print(f"{name:<12} {text}", soft_wrap=True)
