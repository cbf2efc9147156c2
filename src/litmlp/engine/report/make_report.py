"""A report on runs: to the console, and into a folder as tables, page and pictures."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from litmlp.engine.figures.style import report_failed_picture
from litmlp.engine.folder.untrusted_folder import check_links
from litmlp.engine.report.comparable_runs import problems
from litmlp.engine.report.findings import Findings, find
from litmlp.engine.report.markup import document
from litmlp.engine.report.page import Pictures, content
from litmlp.engine.report.runs_table import Runs, read_runs
from litmlp.engine.report.search_results import Search, read_searches
from litmlp.engine.report.show import show_report
from litmlp.engine.terminal.console import console, shortest
from litmlp.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Drawings = dict[str, Callable[[], "Figure"]]
"""Functions that draw the pictures of a part, by the names of the pictures."""
MOST_PICTURED = 6
"""Problems with pictures: these take most of a report's time."""
LONGEST_NAME = 60


def report_runs(
    patterns: Sequence[str],
    output: str | None = None,
    *,
    unfinished: bool = True,
) -> None:
    """Show the results of runs, and write tables, a page and pictures of them.

    Args:
        patterns: folders with runs in or below them, or patterns of such folders.
        output: a folder; by default ``report`` in the folder that the runs are in.
        unfinished: whether the console lists runs that are not done; a sweep does so.

    Raises:
        UserError: there are no runs, or the output cannot be written.
    """
    folders = find_runs(patterns)
    named = Path(patterns[0])
    home = named if len(patterns) == 1 and named.is_dir() else common_folder(folders)
    target = Path(output) if output else home / "report"
    check_links(target, named=output is not None)
    runs = read_runs(folders)
    findings = [find(problem) for problem in problems(runs)]
    searches = list(read_searches(folders))
    show_report(runs, findings, searches, unfinished=unfinished)
    try:
        target.mkdir(parents=True, exist_ok=True)
        write_tables(target, runs, findings)
        parts = content(
            runs,
            list(zip(findings, draw_findings(findings, target), strict=True)),
            list(zip(searches, draw_searches(searches, target), strict=True)),
            target,
        )
        page = document(f"Runs of {shortest(home.resolve())}", parts)
        (target / "report.html").write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserError(f"output={target} cannot be written: {error}") from error
    console.print(f"report       {target}/report.html", soft_wrap=True)


def find_runs(patterns: Sequence[str]) -> list[Path]:
    """Return the folders of all runs at, or anywhere below, the named places.

    Args:
        patterns: folders, or patterns such as ``logs/*/sweeps/*``.

    Raises:
        UserError: there is no such folder, or no run below it.
    """
    found: dict[Path, None] = {}
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
        found |= dict.fromkeys(runs)
    return [shortest(folder) for folder in found]


def runs_below(place: Path) -> Iterator[Path]:
    """Yield the run folders below a place; a run contains no other runs."""
    for folder, below, files in os.walk(place):
        below.sort()
        if "summary.json" in files:
            below.clear()
            yield Path(folder)


def common_folder(folders: Sequence[Path]) -> Path:
    """Return the innermost folder that contains all runs."""
    parents = [folder.resolve().parent for folder in folders]
    return shortest(Path(os.path.commonpath(parents)))


def write_tables(folder: Path, runs: Runs, findings: Sequence[Findings]) -> None:
    """Write one row per run, and one row per choice, as CSV and Parquet."""
    frames = {"runs": runs.table}
    if findings:
        named = [
            each.choices.select(pl.lit(each.problem.name).alias("problem"), pl.all())
            for each in findings
        ]
        frames["choices"] = pl.concat(named, how="diagonal_relaxed")
    for name, frame in frames.items():
        frame.write_csv(folder / f"{name}.csv")
        frame.write_parquet(folder / f"{name}.parquet")


def draw_findings(findings: Sequence[Findings], folder: Path) -> list[Pictures]:
    """Draw ranking, effects and strongest pair of axes of each problem."""
    drawn: list[Pictures] = []
    for number, each in enumerate(findings, start=1):
        figures: Drawings = {}
        if number <= MOST_PICTURED and each.choices.height > 1:
            # Matplotlib takes a second to load; not all reports have pictures.
            from litmlp.engine.report import draw_curves, draw_sweep

            figures["ranking"] = partial(draw_sweep.draw_ranking, each)
            if any(
                (Path(run) / "metrics.csv").is_file()
                for run in each.problem.runs["run"]
            ):
                figures["curves"] = partial(draw_curves.draw_curves, each)
            # The one axis of words is in the ranking already.
            if len(each.problem.compared) > 1 or draw_sweep.has_numbers(each):
                figures["effects"] = partial(draw_sweep.draw_effects, each)
            if pair := draw_sweep.pair_to_draw(each):
                figures["pairing"] = partial(draw_sweep.draw_pairing, each, *pair)
        slug = re.sub(r"[^A-Za-z0-9._]+", "-", each.problem.name)[:LONGEST_NAME]
        prefix = f"{number}-{slug}-" if len(findings) > 1 else ""
        drawn.append(save_all(figures, folder, prefix))
    return drawn


def draw_searches(searches: Sequence[Search], folder: Path) -> list[Pictures]:
    """Draw history, importances and Pareto front of each, as far as they exist."""
    drawn = []
    for number, search in enumerate(searches, start=1):
        from litmlp.engine.report import draw_search  # loads Matplotlib too

        figures: Drawings = {"history": partial(draw_search.draw_history, search)}
        if any(search.importances.values()):
            figures["importances"] = partial(draw_search.draw_importances, search)
        if len(search.objectives) == 2 and search.best:
            figures["front"] = partial(draw_search.draw_front, search)
        prefix = f"search-{number}-" if len(searches) > 1 else "search-"
        drawn.append(save_all(figures, folder, prefix))
    return drawn


def save_all(drawings: Drawings, folder: Path, prefix: str) -> Pictures:
    """Draw figures, and write them as PNG files into a folder."""
    paths: dict[str, Path] = {}
    for name, draw in drawings.items():
        from litmlp.engine.figures.style import save  # loads Matplotlib too

        with report_failed_picture():
            path = folder / f"{prefix}{name}.png"
            save(draw(), path)
            paths[name] = path
    return paths
