"""The learning curves of the best choices of a sweep."""

from pathlib import Path

import polars as pl
from matplotlib.figure import Figure

from litmlp.engine.figures.style import COLORS, new_figure
from litmlp.engine.report.draw_sweep import label
from litmlp.engine.report.findings import Findings

MOST_CHOICES = 5
MOST_RUNS = 5
"""Runs of a choice, which differ by seed or fold, that are drawn."""
LARGEST_FILE = 20_000_000
"""Bytes of a metrics.csv; a run of a sweep has fewer."""


def draw_curves(findings: Findings) -> Figure:
    """Draw the monitored metric of each run of the best choices by epoch.

    Raises:
        ValueError: no run has kept its curve.
    """
    problem = findings.problem
    figure, (panel,) = new_figure(width=7.0, height=3.4)
    best = findings.choices.head(MOST_CHOICES).rows(named=True)
    for row, color in zip(best, COLORS, strict=False):
        runs = problem.runs.filter(choice=row["choice"])["run"].head(MOST_RUNS)
        name = label(row, problem.choices)
        for curve in (read_curve(Path(run), problem.monitor) for run in runs):
            if not curve.is_empty():
                panel.plot(*curve.get_columns(), color=color, lw=1.2, label=name)
                name = "_"  # the legend has a choice once
    if not panel.lines:
        raise ValueError("no run has a metrics.csv with its curve")
    panel.set(xlabel="epoch", ylabel=problem.monitor)
    panel.set_title("Learning curves of the best choices", loc="left")
    names = ",\n".join(problem.choices)
    figure.legend(loc="outside right upper", title=names, frameon=False)
    return figure


def read_curve(folder: Path, tag: str) -> pl.DataFrame:
    """Return ``epoch`` and the values of a tag from a run's metrics.csv, if it has."""
    path = folder / "metrics.csv"
    if not path.is_file() or path.stat().st_size > LARGEST_FILE:
        return pl.DataFrame()
    table = pl.read_csv(path, infer_schema=False)
    if not {"epoch", tag} <= set(table.columns):
        return pl.DataFrame()
    return table.select(
        pl.col("epoch", tag).cast(pl.Float64, strict=False)
    ).drop_nulls()
