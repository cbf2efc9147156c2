"""What a report's page says, block by block."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from litmlp.engine.report import report_tables
from litmlp.engine.report.ensembles import Averaged, table_of_ensemble
from litmlp.engine.report.findings import Findings
from litmlp.engine.report.markup import (
    Block,
    Command,
    Heading,
    Paragraph,
    Picture,
    Rows,
)
from litmlp.engine.report.number_format import short
from litmlp.engine.report.problems import Problem
from litmlp.engine.report.runs_table import Runs
from litmlp.engine.report.search import Searched
from litmlp.engine.report.sentences import best_choice, how_it_went, how_many

MOST_CHOICES = 20
MOST_PAIRS = 10

Pictures = Mapping[str, Picture]

HOW_TO_READ = (
    "± is the standard deviation over runs that differ only by seed or fold. The 95 % "
    "interval of their mean follows Student's t distribution; over folds, whose "
    "training rows overlap, it is too narrow.",
    "Choices are ranked by the monitored metric alone. Tied: the 95 % interval of the "
    "difference from the best choice holds 0, seed by seed where both were run with "
    "the same ones. The best of many choices owes some of its rank to luck; its value "
    "on the test rows, which chose nothing, is the one to trust.",
    "Share of variance: how much of the differences between all runs lies between the "
    "means of an axis's levels. In a full grid the shares add up to 100 % at most and "
    "the rest is interaction and chance; where combinations are missing, they overlap.",
    "All numbers are beside this page: runs.csv has a row a run, choices.csv a row a "
    "choice with every metric, ensembles.csv, if it is there, a row an ensemble; the "
    ".parquet files hold the same.",
)


def contents(
    title: str,
    runs: Runs,
    findings: Sequence[Findings],
    pictures: Sequence[Pictures],
    searches: Mapping[Searched, Pictures],
    ensembles: Sequence[Averaged],
) -> Iterator[Block]:
    """The whole page.

    Args:
        pictures: for each of the findings, those of its ranking, effects and pairing.
        searches: what the runs are trials of, with pictures.
        ensembles: means of what a sweep's runs predict.
    """
    yield Heading(1, title)
    yield Paragraph(how_many(runs))
    for searched, drawn_search in searches.items():
        yield from search_section(searched, drawn_search)
    for each, drawn in zip(findings, pictures, strict=True):
        yield from section(each, drawn)
    for averaged in ensembles:
        yield Heading(2, averaged.name)
        yield Paragraph(
            "The mean of their probabilities or values, whatever their rank, beside "
            "the run that validates best."
        )
        yield table_of_ensemble(averaged)
    failures = report_tables.table_of_failures(runs, findings)
    if failures.rows:
        yield Heading(2, "Runs without a result")
        yield failures
    if runs.skipped:
        yield Heading(2, "Folders that could not be read")
        yield from map(Paragraph, runs.skipped)
    yield Heading(2, "How to read this")
    yield from map(Paragraph, HOW_TO_READ)
    yield Heading(2, "All runs")
    yield report_tables.table_of_runs(runs, findings)


def search_section(searched: Searched, pictures: Pictures) -> Iterator[Block]:
    """How a search went and what it found."""
    yield Heading(2, f"Search in {searched.folder}")
    yield Paragraph(f"{how_it_went(searched)}.")
    yield from drawn(pictures, "history")
    yield from drawn(pictures, "front")
    yield from top(report_tables.table_of_best_trials(searched), MOST_CHOICES)
    if "importances" in pictures:
        yield pictures["importances"]
        yield Paragraph(
            "Shares of the variance between trials (fANOVA), of choices that every "
            "trial made; outliers count as where they begin."
        )


def section(findings: Findings, pictures: Pictures) -> Iterator[Block]:
    """What is concluded about one problem."""
    problem = findings.problem
    yield Heading(2, problem.name or "Choices")
    better = "smaller" if problem.mode == "min" else "larger"
    yield Paragraph(f"Ranked by {problem.monitor}: {better} is better.")
    if problem.copies:
        yield Paragraph(f"Left out: {problem.copies} older runs of the same configs.")
    yield Paragraph(f"Best of {findings.choices.height}: {best_choice(findings)}.")
    yield Paragraph("The run of this choice that validates best is trained again by")
    yield Command(findings.command)
    yield from drawn(pictures, "ranking")
    yield from top(report_tables.table_of_choices([findings]), MOST_CHOICES)
    if problem.compared:
        yield Heading(3, "What mattered")
        yield from drawn(pictures, "effects")
        yield report_tables.table_of_effects(findings)
    if only := [key for key in problem.choices if key not in problem.compared]:
        yield Paragraph(f"Only one value led to results: {one_value(problem, only)}.")
    if len(problem.compared) > 1:
        yield report_tables.table_of_levels(findings)
        yield Heading(3, "What goes together")
        yield from drawn(pictures, "pairing")
        yield from top(report_tables.table_of_pairings(findings), MOST_PAIRS)


def one_value(problem: Problem, keys: Sequence[str]) -> str:
    """``optimizer.lr=0.01``: what all runs with a result share."""
    return ", ".join(f"{key}={short(problem.measured[key][0])}" for key in keys)


def drawn(pictures: Pictures, name: str) -> Iterator[Picture]:
    """The picture of that name, if there is one."""
    if name in pictures:
        yield pictures[name]


def top(table: Rows, most: int) -> Iterator[Block]:
    """A table's first rows, and how many were left out."""
    yield replace(table, rows=table.rows[:most])
    left_out = len(table.rows) - most
    if left_out > 0:
        yield Paragraph(f"… and {left_out} more")
