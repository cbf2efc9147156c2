"""A report from runs' folders: to the console, and into a folder."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from litmlp.engine.folder.untrusted import refuse_ways_out
from litmlp.engine.report.ensembles import Averaged, frame_of, read_ensembles
from litmlp.engine.report.findings import Findings, find
from litmlp.engine.report.folders import common_folder, find_runs
from litmlp.engine.report.markup import Picture, as_html, as_markdown
from litmlp.engine.report.page import Pictures, contents
from litmlp.engine.report.problems import problems
from litmlp.engine.report.runs_table import Runs, read_runs
from litmlp.engine.report.search import Searched, read_searches
from litmlp.engine.report.terminal import show_report
from litmlp.engine.terminal.console import console, shortest
from litmlp.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PICTURED = 6
"""Problems with pictures: these take most of a report's time."""
LONGEST_NAME = 60


def report_runs(
    patterns: Sequence[str],
    output: str | None = None,
    *,
    unfinished: bool = True,
) -> None:
    """Show what runs came to, and write tables, pages and pictures of it.

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
    refuse_ways_out(target, named=output is not None)
    runs = read_runs(folders)
    findings = [find(problem) for problem in problems(runs)]
    searches = list(read_searches(folders))
    ensembles = list(read_ensembles([each.problem for each in findings]))
    show_report(runs, findings, searches, ensembles, unfinished=unfinished)
    try:
        target.mkdir(parents=True, exist_ok=True)
        write_tables(target, runs, findings, ensembles)
        drawn = draw_searches(searches, target)
        title = f"Runs of {shortest(home.resolve())}"
        write_pages(target, title, runs, findings, drawn, ensembles)
    except OSError as error:
        raise UserError(f"output={target} cannot be written: {error}") from error
    console.print(f"report       {target}/report.html", soft_wrap=True)


def write_tables(
    folder: Path,
    runs: Runs,
    findings: Sequence[Findings],
    ensembles: Sequence[Averaged],
) -> None:
    """A row a run, a row a choice and a row an ensemble, as CSV and Parquet."""
    frames = {"runs": runs.table}
    if findings:
        named = [
            each.choices.select(pl.lit(each.problem.name).alias("problem"), pl.all())
            for each in findings
        ]
        frames["choices"] = pl.concat(named, how="diagonal_relaxed")
    if ensembles:
        frames["ensembles"] = frame_of(ensembles)
    for name, frame in frames.items():
        frame.write_csv(folder / f"{name}.csv")
        frame.write_parquet(folder / f"{name}.parquet")


def write_pages(
    folder: Path,
    title: str,
    runs: Runs,
    findings: Sequence[Findings],
    searches: Mapping[Searched, Pictures],
    ensembles: Sequence[Averaged],
) -> None:
    """Markdown with pictures beside it, and HTML with the same pictures inside."""
    pictures: list[Pictures] = []
    for number, each in enumerate(findings, start=1):
        slug = re.sub(r"[^A-Za-z0-9._]+", "-", each.problem.name)[:LONGEST_NAME]
        prefix = f"{number}-{slug}-" if len(findings) > 1 else ""
        comparable = number <= MOST_PICTURED and each.choices.height > 1
        pictures.append(draw(each, folder, prefix) if comparable else {})
    page = list(contents(title, runs, findings, pictures, searches, ensembles))
    (folder / "report.md").write_text(as_markdown(page), encoding="utf-8")
    (folder / "report.html").write_text(as_html(page), encoding="utf-8")


def draw(findings: Findings, folder: Path, prefix: str) -> Pictures:
    """Ranking, effects and best pairing, as far as there are axes for them."""
    # Here, since matplotlib takes a second and not all reports have pictures.
    from litmlp.engine.report import draw_sweep

    figures = {"ranking": draw_sweep.draw_ranking(findings)}
    if len(findings.problem.compared) > 1:
        figures["effects"] = draw_sweep.draw_effects(findings)
    if pair := draw_sweep.pair_to_draw(findings):
        figures["pairing"] = draw_sweep.draw_pairing(findings, *pair)
    return saved(figures, folder, prefix, findings.problem.name)


def draw_searches(
    searches: Sequence[Searched], folder: Path
) -> Mapping[Searched, Pictures]:
    """History, importances and Pareto front of each, as far as there are some."""
    drawn = {}
    for number, searched in enumerate(searches, start=1):
        from litmlp.engine.report import draw_search  # likewise

        figures = {"history": draw_search.draw_history(searched)}
        if any(searched.importances.values()):
            figures["importances"] = draw_search.draw_importances(searched)
        if len(searched.objectives) == 2 and searched.best:
            figures["front"] = draw_search.draw_front(searched)
        prefix = f"search-{number}-" if len(searches) > 1 else "search-"
        drawn[searched] = saved(figures, folder, prefix, "search")
    return drawn


def saved(
    figures: "Mapping[str, Figure]", folder: Path, prefix: str, of: str
) -> Pictures:
    """Figures as files in a folder."""
    from litmlp.engine.figures.style import save

    pictures = {}
    for name, figure in figures.items():
        path = folder / f"{prefix}{name}.png"
        save(figure, path)
        pictures[name] = Picture(path, f"{of} {name}".strip())
    return pictures
