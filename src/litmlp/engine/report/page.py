"""The content of a report's page, from top to bottom."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from litmlp.engine.report import tables
from litmlp.engine.report.markup import command, heading, paragraph, picture, table
from litmlp.engine.report.problem import Problem
from litmlp.engine.report.runs_table import Runs
from litmlp.engine.report.search_results import Search
from litmlp.engine.report.sentences import (
    baselines,
    best_choice,
    count_runs,
    equal_levels,
    important_choices,
    search_result,
)
from litmlp.engine.report.tables import TextTable

MOST_CHOICES = 20

Pictures = Mapping[str, Path]
"""PNG files by the name of the picture."""

HOW_TO_READ = (
    "± is the standard deviation over runs that differ only by seed or fold. The 95 % "
    "interval of their mean follows Student's t distribution; over folds, whose "
    "training rows overlap, it is too narrow.",
    "Choices are ranked by the mean of the monitored metric alone. Tied: the 95 % "
    "interval of the difference from the best choice contains 0, seed by seed where "
    "both were run with the same seeds. The best of many choices owes some of its rank "
    "to luck; trust its value on the test rows, which chose nothing.",
    "Fraction of variance: the part of the differences between all runs that lies "
    "between the means of an axis's levels. In a full grid the fractions add up to at "
    "most 100 %, and the rest is interaction and chance; where combinations are "
    "missing, they overlap.",
    "All numbers are beside this page: runs.csv has one row per run, choices.csv one "
    "row per choice with every metric; the .parquet files hold the same.",
)


def content(
    runs: Runs,
    drawn: Sequence[tuple[Problem, Pictures]],
    searches: Sequence[tuple[Search, Pictures]],
    home: Path,
) -> Iterator[str]:
    """Yield the parts of the whole page, which lies in the folder ``home``."""
    problems = [problem for problem, _ in drawn]
    yield paragraph(count_runs(runs))
    for search, pictures in searches:
        yield from search_section(search, pictures)
    for problem, pictures in drawn:
        yield from problem_section(problem, pictures)
    failures = tables.table_of_failures(runs, problems)
    if failures.rows:
        yield heading(2, "Runs without a result")
        yield table(failures)
    if runs.skipped:
        yield heading(2, "Folders that could not be read")
        yield from map(paragraph, runs.skipped)
    yield heading(2, "How to read this")
    yield from map(paragraph, HOW_TO_READ)
    yield heading(2, "All runs")
    yield table(tables.table_of_runs(runs, problems), home)


def search_section(search: Search, pictures: Pictures) -> Iterator[str]:
    """Yield the course and the results of a search."""
    yield heading(2, f"Search in {search.folder}")
    yield paragraph(f"{search_result(search)}.")
    yield from draw(pictures, "history", "front")
    yield from top(tables.table_of_best_trials(search), MOST_CHOICES)
    if mattered := important_choices(search):
        yield paragraph(
            f"What mattered: {mattered}. These are fractions of the variance between "
            "trials (fANOVA), of choices that every trial made; an outlier counts as "
            "the value at which outliers begin."
        )


def problem_section(problem: Problem, pictures: Pictures) -> Iterator[str]:
    """Yield the conclusions about one problem."""
    yield heading(2, problem.name or "Choices")
    better = "smaller" if problem.mode == "min" else "larger"
    yield paragraph(f"Ranked by {problem.monitor}: {better} is better.")
    if problem.copies:
        yield paragraph(f"Left out: {problem.copies} older runs of the same configs.")
    yield paragraph(f"Best of {problem.ranking.height}: {best_choice(problem)}.")
    if simple := baselines(problem):
        yield paragraph(f"Simple models on the test rows, mean over runs: {simple}.")
    yield paragraph("This command trains it again:")
    yield command(problem.command)
    yield from draw(pictures, "ranking")
    yield from top(tables.table_of_choices([problem]), MOST_CHOICES)
    yield from draw(pictures, "curves")
    if problem.compared:
        yield heading(3, "What mattered")
        yield from draw(pictures, "effects")
        yield table(tables.table_of_effects(problem))
    if equal := equal_levels(problem):
        yield paragraph(f"No effect: {equal}.")


def draw(pictures: Pictures, *names: str) -> Iterator[str]:
    """Yield the pictures with these names that exist."""
    yield from (picture(pictures[name], name) for name in names if name in pictures)


def top(rows: TextTable, most: int) -> Iterator[str]:
    """Yield the first rows of a table, and the number of rows left out."""
    yield table(replace(rows, rows=rows.rows[:most]))
    left_out = len(rows.rows) - most
    if left_out > 0:
        yield paragraph(f"… and {left_out} more")
