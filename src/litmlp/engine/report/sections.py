"""The content of a report, for the console and for the page alike."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from litmlp.engine.report import draw_search, draw_sweep, sentences, text_tables
from litmlp.engine.report.comparable_runs import Problem
from litmlp.engine.report.runs_table import Runs
from litmlp.engine.report.search_results import Search
from litmlp.engine.report.text_tables import TextTable

MOST_PICTURED = 6
"""Problems with pictures: these take most of a report's time."""
LONGEST_NAME = 60


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a report.

    Attributes:
        heading: its title.
        lines: conclusions, each with a label.
        table: the numbers behind them.
        name: start of the names of its pictures' files.
        pictures: functions that draw a figure, or none if there is nothing to see.
        details: another table; pictures and details are on the page alone.
    """

    heading: str
    lines: Sequence[tuple[str, str]] = ()
    table: TextTable | None = None
    name: str = ""
    pictures: Mapping[str, Callable[[], Figure | None]] = field(default_factory=dict)
    details: TextTable | None = None


def conclusions(
    problems: Sequence[Problem], searches: Sequence[Search]
) -> Iterator[Section]:
    """Yield a section for each search, and for each problem with several runs."""
    searched = {search.folder.resolve() for search in searches}
    for number, search in enumerate(searches, start=1):
        yield of_search(search, f"search-{number}" if len(searches) > 1 else "search")
    for number, problem in enumerate(problems, start=1):
        if problem.runs.height > 1:
            slug = re.sub(r"[^A-Za-z0-9._]+", "-", problem.name)[:LONGEST_NAME]
            name = f"{number}-{slug}" if len(problems) > 1 else ""
            sweeps = {Path(run).parent for run in problem.runs["run"]}
            yield of_problem(
                problem,
                name,
                pictured=number <= MOST_PICTURED,
                searched=any(sweep.resolve() in searched for sweep in sweeps),
            )


def of_search(search: Search, name: str) -> Section:
    """Return what a search has found."""
    several = len(search.objectives) > 1
    pictures = draw_search.PICTURES
    return Section(
        heading=f"Search in {search.folder}",
        lines=without_empty(
            ("search", sentences.search_result(search)),
            ("mattered", sentences.important_choices(search)),
        ),
        table=text_tables.table_of_best_trials(search) if several else None,
        name=name,
        pictures={key: partial(draw, search) for key, draw in pictures.items()},
    )


def of_problem(
    problem: Problem, name: str, *, pictured: bool, searched: bool
) -> Section:
    """Return what the runs of a problem have shown.

    Args:
        problem: with several runs.
        name: start of the names of its files.
        pictured: whether pictures are drawn, if there are several choices.
        searched: whether a search says which choices mattered: it weighs them by a
            model of all trials, and levels that it preferred are no fair comparison.
    """
    better = "smaller" if problem.mode == "min" else "larger"
    copies = f"{problem.copies} older runs of the same configs"
    repeated = problem.ranking.height < problem.runs.height
    pictures = draw_sweep.PICTURES if pictured and problem.ranking.height > 1 else {}
    if searched:
        pictures = {k: draw for k, draw in pictures.items() if k != "effects"}
    return Section(
        heading=f"{problem.name or 'Choices'} by {problem.monitor}: {better} is better",
        lines=without_empty(
            ("left out", copies if problem.copies else ""),
            ("best", sentences.best_choice(problem)),
            ("baselines", sentences.baselines(problem)),
            ("again", problem.command),
            ("mattered", "" if searched else sentences.strongest_axes(problem)),
            ("no effect", "" if searched else sentences.equal_levels(problem)),
        ),
        table=text_tables.table_of_choices(problem) if repeated else None,
        name=name,
        pictures={key: partial(draw, problem) for key, draw in pictures.items()},
        details=text_tables.table_of_effects(problem)
        if problem.compared and not searched
        else None,
    )


def without_empty(*lines: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the lines that say something."""
    return [(label, text) for label, text in lines if text]


def failures(runs: Runs, problems: Sequence[Problem]) -> Iterator[Section]:
    """Yield the runs without a value, if there are any."""
    failed = text_tables.table_of_failures(runs, problems)
    if failed.rows:
        yield Section(heading="Runs without a result", table=failed)


def records(runs: Runs, problems: Sequence[Problem]) -> Iterator[Section]:
    """Yield what could not be read, and all runs."""
    if runs.skipped:
        skipped = [("skipped", reason) for reason in runs.skipped]
        yield Section(heading="Folders that could not be read", lines=skipped)
    yield Section(heading="All runs", table=text_tables.table_of_runs(runs, problems))
