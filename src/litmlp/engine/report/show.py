"""A report on the console: short."""

from collections.abc import Sequence

from litmlp.engine.report.problem import Problem
from litmlp.engine.report.runs_table import Runs
from litmlp.engine.report.search_results import Search
from litmlp.engine.report.sentences import (
    baselines,
    best_choice,
    equal_levels,
    important_choices,
    search_result,
    strongest_axes,
)
from litmlp.engine.report.tables import (
    TextTable,
    table_of_best_trials,
    table_of_choices,
    table_of_failures,
    table_of_runs,
)
from litmlp.engine.terminal.console import console, table

MOST_ROWS = 20
NARROW = 110
"""Characters per line below which a table has fewer columns rather than folded ones."""


def show_report(
    runs: Runs,
    problems: Sequence[Problem],
    searches: Sequence[Search],
    *,
    with_failures: bool,
) -> None:
    """Show the runs, the choices if runs repeat them, and the conclusions."""
    show_table(table_of_runs(runs, problems))
    if any(each.ranking.height < each.runs.height for each in problems):
        show_table(table_of_choices(problems, brief=console.width < NARROW))
    if with_failures:
        show_table(table_of_failures(runs, problems))
    for reason in runs.skipped:
        show_lines({"skipped": reason})
    for each in problems:
        if each.ranking.height > 1:
            show_problem(each, searched=bool(searches))
    for search in searches:
        result, mattered = search_result(search), important_choices(search)
        show_lines({"search": result, "importance": mattered})
        if len(search.objectives) > 1:
            show_table(table_of_best_trials(search))


def show_problem(problem: Problem, *, searched: bool) -> None:
    """Show the best choice, the command that trains it again, the strongest axes.

    Args:
        searched: whether a search says which choices mattered: it weighs them by a
            model of all trials, and levels that it preferred are no fair comparison.
    """
    if problem.name:
        console.print(problem.name)
    show_lines(
        {
            "best": best_choice(problem),
            "baselines": baselines(problem),
            "again": problem.command,
            "mattered": "" if searched else strongest_axes(problem),
            "no effect": equal_levels(problem),
        }
    )


def show_lines(texts: dict[str, str]) -> None:
    """Show one line per name, without lines that are empty."""
    for name, text in texts.items():
        if text:
            console.print(f"{name:<12} {text}", soft_wrap=True)


def show_table(content: TextTable, *, most: int = MOST_ROWS) -> None:
    """Show the first rows of a table, and the number of rows left out."""
    if not content.rows:
        return
    result = table(*content.columns)
    for column in result.columns[1 : content.left]:
        column.justify = "left"
    for row in content.rows[:most]:
        result.add_row(*row)
    console.print(result)
    if len(content.rows) > most:
        console.print(f"… and {len(content.rows) - most} more in the report")
