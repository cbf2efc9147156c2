"""A report on runs: to the console, and into a folder as tables, page and pictures."""

import os
from collections.abc import Iterator, Sequence
from glob import glob
from pathlib import Path

import polars as pl

from litmlp.engine.folder.untrusted_folder import check_links
from litmlp.engine.report.comparable_runs import Problem, find_problems
from litmlp.engine.report.console_report import MOST_ROWS, show_section
from litmlp.engine.report.page import page
from litmlp.engine.report.runs_table import Runs, read_runs
from litmlp.engine.report.search_results import read_searches
from litmlp.engine.report.sections import conclusions, failures, records
from litmlp.engine.report.sentences import count_runs
from litmlp.engine.terminal.console import console, shortest
from litmlp.errors import UserError


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
    found = list(conclusions(problems, searches))
    failed = list(failures(runs, problems))
    rest = list(records(runs, problems))
    for section in [*(failed if with_failures else []), *rest]:
        show_section(section)
    for section in found:
        show_section(section, max(3, MOST_ROWS // len(found)))
    title = f"Runs of {shortest(home.resolve())}"
    try:
        target.mkdir(parents=True, exist_ok=True)
        write_tables(target, runs, problems)
        html = page(title, count_runs(runs), [*found, *failed, *rest], target)
        (target / "report.html").write_text(html, encoding="utf-8")
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
