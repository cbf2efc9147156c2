"""A report on runs: to the console, and into a folder as tables, page and pictures."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import TypeVar

import polars as pl
from matplotlib.figure import Figure

from litmlp.engine.figures.style import report_failed_picture, save
from litmlp.engine.folder.untrusted_folder import check_links
from litmlp.engine.report import draw_search, draw_sweep
from litmlp.engine.report.comparable_runs import find_problems
from litmlp.engine.report.markup import document
from litmlp.engine.report.page import Pictures, content
from litmlp.engine.report.problem import Problem
from litmlp.engine.report.runs_table import Runs, read_runs
from litmlp.engine.report.search_results import Search, read_searches
from litmlp.engine.report.show import show_report
from litmlp.engine.terminal.console import console, shortest
from litmlp.errors import UserError

Subject = TypeVar("Subject", Problem, Search)
MOST_PICTURED = 6
"""Problems with pictures: these take most of a report's time."""
LONGEST_NAME = 60


def report_runs(
    patterns: Sequence[str], output: str | None = None, *, with_failures: bool = True
) -> None:
    """Show the results of runs, and write tables, a page and pictures of them.

    Args:
        patterns: folders with runs in or below them, or patterns of such folders.
        output: a folder; by default ``report`` in the folder that the runs are in.
        with_failures: whether the console lists the runs that are not done.

    Raises:
        UserError: there are no runs, or the output cannot be written.
    """
    folders = find_runs(patterns)
    named = Path(patterns[0])
    if len(patterns) == 1 and named.is_dir():
        home = named
    else:  # the innermost folder that contains all runs
        home = shortest(Path(os.path.commonpath([f.resolve().parent for f in folders])))
    target = Path(output) if output else home / "report"
    check_links(target, named=output is not None)
    runs = read_runs(folders)
    problems = list(find_problems(runs))
    searches = list(read_searches(folders))
    show_report(runs, problems, searches, with_failures=with_failures)
    try:
        target.mkdir(parents=True, exist_ok=True)
        write_tables(target, runs, problems)
        parts = content(
            runs,
            list(zip(problems, draw_problems(problems, target), strict=True)),
            list(zip(searches, draw_searches(searches, target), strict=True)),
            target,
        )
        page = document(f"Runs of {shortest(home.resolve())}", parts)
        (target / "report.html").write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserError(f"output={target} cannot be written: {error}") from error
    console.print(f"report       {target}/report.html", soft_wrap=True)


def find_runs(patterns: Sequence[str]) -> list[Path]:
    """Return the folders of all runs at, or anywhere below, the named places."""
    found: list[Path] = []
    for pattern in patterns:
        exists = Path(pattern).exists()
        places = [pattern] if exists else sorted(glob(pattern, recursive=True))
        if not places:
            raise UserError(f"runs={pattern}: no such folder")
        runs = [run.resolve() for place in places for run in runs_below(Path(place))]
        if not runs:
            raise UserError(
                f"runs={pattern} holds no run: there is no summary.json in or below it"
            )
        found += runs
    return [shortest(folder) for folder in dict.fromkeys(found)]


def runs_below(place: Path) -> Iterator[Path]:
    """Yield the run folders below a place; a run contains no other runs."""
    for folder, below, files in os.walk(place):
        below.sort()
        if "summary.json" in files:
            below.clear()
            yield Path(folder)


def write_tables(folder: Path, runs: Runs, problems: Sequence[Problem]) -> None:
    """Write one row per run, and one row per choice, as CSV and Parquet."""
    frames = {"runs": runs.table}
    if problems:
        named = [
            each.ranking.select(pl.lit(each.name).alias("problem"), pl.all())
            for each in problems
        ]
        frames["choices"] = pl.concat(named, how="diagonal_relaxed")
    for name, frame in frames.items():
        frame.write_csv(folder / f"{name}.csv")
        frame.write_parquet(folder / f"{name}.parquet")


def draw_problems(problems: Sequence[Problem], folder: Path) -> list[Pictures]:
    """Draw each of the first problems that has several choices."""
    drawn = []
    for number, each in enumerate(problems, start=1):
        compares = number <= MOST_PICTURED and each.ranking.height > 1
        slug = re.sub(r"[^A-Za-z0-9._]+", "-", each.name)[:LONGEST_NAME]
        prefix = f"{number}-{slug}-" if len(problems) > 1 else ""
        pictures = draw_sweep.PICTURES if compares else {}
        drawn.append(draw_all(each, pictures, folder, prefix))
    return drawn


def draw_searches(searches: Sequence[Search], folder: Path) -> list[Pictures]:
    """Draw the history and the Pareto front of each, as far as they exist."""
    several, pictures = len(searches) > 1, draw_search.PICTURES
    return [
        draw_all(each, pictures, folder, f"search-{i}-" if several else "search-")
        for i, each in enumerate(searches, start=1)
    ]


def draw_all(
    subject: Subject,
    pictures: Mapping[str, Callable[[Subject], Figure | None]],
    folder: Path,
    prefix: str,
) -> Pictures:
    """Write the pictures of a problem or search as PNG files; return their paths."""
    paths: dict[str, Path] = {}
    for name, draw in pictures.items():
        with report_failed_picture():
            if figure := draw(subject):
                path = folder / f"{prefix}{name}.png"
                save(figure, path)
                paths[name] = path
    return paths
