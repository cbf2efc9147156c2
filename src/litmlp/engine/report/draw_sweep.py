"""A sweep in pictures: choices ranked, their learning curves, the effect of each axis.

A function returns no picture where its sweep has nothing to show in it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from litmlp.engine.figures.style import COLORS, as_label, new_figure
from litmlp.engine.report.comparable_runs import MEAN, Problem
from litmlp.engine.report.run_record import as_number, short
from litmlp.engine.report.runs_table import VALUE
from litmlp.engine.terminal.wording import percent

MOST_CHOICES = 20
MOST_CURVES = 5
"""Choices with curves, and runs of a choice, which differ by seed or fold."""
MOST_AXES = 6
LONGEST_LABEL = 40
DECADES = 30.0
"""A larger ratio of the largest to the smallest value needs a logarithmic scale."""

VERDICTS = {
    "best": (COLORS[0], "best"),
    "tied": (COLORS[5], "tied with the best"),
    "worse": (COLORS[4], "worse"),
    None: ("#888888", "too few runs to tell"),
}


def draw_ranking(problem: Problem) -> Figure:
    """Draw the best choices: runs, means and intervals; beside them the test metric."""
    columns = {VALUE: problem.monitor}
    if problem.test:
        columns[problem.test] = problem.test
    top = problem.ranking.drop_nulls(MEAN).head(MOST_CHOICES)
    figure, panels = new_figure(
        1, len(columns), width=4.8, height=1.6 + 0.27 * len(top)
    )
    for panel, (column, name) in zip(panels, columns.items(), strict=True):
        draw_rows(panel, top, problem.measured, column)
        panel.set(xlabel=name, yticks=range(len(top)), yticklabels=[])
    labels = [label(row, problem.choices) for row in top.rows(named=True)]
    panels[0].set(yticklabels=labels, ylabel=",\n".join(problem.choices))
    left_out = f": the best {len(top)}" if len(top) < len(problem.ranking) else ""
    panels[0].set_title(f"Ranked by {problem.monitor}{left_out}", loc="left")
    if problem.test:
        panels[1].set_title("The same choices on the test rows", loc="left")
    if top[f"{VALUE} low"].count():
        add_legend(figure, top["against best"].to_list())
    return figure


def label(row: Mapping[str, Any], keys: Sequence[str]) -> str:
    """Return the values of a choice, cut if they are long."""
    return as_label(", ".join(short(row[key]) for key in keys), LONGEST_LABEL)


def draw_rows(panel: Axes, top: pl.DataFrame, runs: pl.DataFrame, column: str) -> None:
    """Draw one row per choice: small dots for runs, a large one for the mean."""
    rows = list(enumerate(top.rows(named=True)))
    for place, row in rows:
        color, _ = VERDICTS[row["against best"]]
        values = runs.filter(choice=row["choice"])[column].drop_nulls().to_list()
        panel.plot(values, [place] * len(values), "o", color=color, ms=3.5, alpha=0.4)
    if spans_decades(top[f"{column} mean"].drop_nulls().to_list()):
        panel.set_xscale("log")
    limits = panel.get_xlim()  # of the runs: an interval of two runs is wide
    for place, row in rows:
        color, _ = VERDICTS[row["against best"]]
        low, high = row[f"{column} low"], row[f"{column} high"]
        if low is not None:
            panel.plot([low, high], [place, place], color=color, lw=1.6)
        if row[f"{column} mean"] is not None:
            panel.plot(row[f"{column} mean"], place, "o", color=color, ms=7)
    panel.set_xlim(limits)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    panel.grid(axis="y", visible=False)


def add_legend(figure: Figure, verdicts: Sequence[str | None]) -> None:
    """Add the meaning of the colours that occur."""
    handles = [
        figure.axes[0].plot([], [], "o", color=color, label=name)[0]
        for verdict, (color, name) in VERDICTS.items()
        if verdict in verdicts
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=4,
        frameon=False,
        title="dots: runs; lines: 95 % interval of the mean",
    )


def draw_curves(problem: Problem) -> Figure | None:
    """Draw the monitored metric of each run of the best choices by epoch."""
    figure, (panel,) = new_figure(width=7.0, height=3.4)
    best = problem.ranking.head(MOST_CURVES).rows(named=True)
    for row, color in zip(best, COLORS, strict=False):
        name = label(row, problem.choices)
        runs = problem.runs.filter(choice=row["choice"])["run"].head(MOST_CURVES)
        for run in runs:
            curve = read_curve(Path(run), problem.monitor)
            if curve is not None:
                panel.plot(*curve.get_columns(), color=color, lw=1.2, label=name)
                name = "_"  # the legend has a choice once
    if not panel.lines:
        return None
    panel.set(xlabel="epoch", ylabel=problem.monitor)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set_title("Learning curves of the best choices", loc="left")
    names = ",\n".join(problem.choices)
    figure.legend(loc="outside right upper", title=names, frameon=False)
    return figure


def read_curve(folder: Path, tag: str) -> pl.DataFrame | None:
    """Return ``epoch`` and the values of a tag from a run's metrics.csv, if it has."""
    path = folder / "metrics.csv"
    table = pl.read_csv(path, infer_schema=False) if path.is_file() else pl.DataFrame()
    if not {"epoch", tag} <= set(table.columns):
        return None
    return table.select(
        pl.col("epoch", tag).cast(pl.Float64, strict=False)
    ).drop_nulls()


def draw_effects(problem: Problem) -> Figure | None:
    """Draw one panel per axis: the mean of each level, with its interval."""
    compared = [problem.measured[axis] for axis in problem.compared]
    if len(compared) < 2 and not any(map(has_numbers, compared)):
        return None  # the one axis of words is in the ranking already
    of_choices = problem.effects.filter(pl.col("axis").is_in(problem.compared))
    strongest = of_choices.head(MOST_AXES).rows(named=True)
    means = [problem.marginal_means(row["axis"]) for row in strongest]
    columns = min(3, len(means))
    figure, panels = new_figure(
        -(-len(means) // columns), columns, width=3.4, height=3.0
    )
    for panel in panels[len(means) :]:
        panel.remove()
    values = [value for levels in means for value in levels[MEAN]]
    for place, (row, levels) in enumerate(zip(strongest, means, strict=True)):
        panel, exact = panels[place], problem.measured[row["axis"]]
        if exact.dtype.is_numeric() and exact.n_unique() > levels.height:
            panel.plot(exact, problem.measured[VALUE], "o", color=COLORS[0], ms=4)
            if spans_decades(exact.to_list()):
                panel.set_xscale("log")
        else:
            draw_levels(panel, levels)
        same_scale(panel, values)
        known = row["fraction"] is not None
        of_variance = f": {percent(row['fraction'])} of the variance" if known else ""
        panel.set_title(f"{row['axis']}{of_variance}", loc="left")
        if place % columns == 0:
            panel.set_ylabel(f"mean {problem.monitor}")
        else:
            panel.tick_params(axis="y", labelleft=False)
    return figure


def has_numbers(values: pl.Series) -> bool:
    """Return whether an axis is one of more than two numbers."""
    return values.dtype.is_numeric() and values.n_unique() > 2


def draw_levels(panel: Axes, levels: pl.DataFrame) -> None:
    """Draw one dot per level, with a line for its 95 % interval."""
    names = levels["level"].to_list()
    numbers = [n for n in map(as_number, names) if not isinstance(n, str)]
    is_numeric = len(numbers) == len(names) > 2
    places = numbers if is_numeric else range(len(names))
    for place, row in zip(places, levels.rows(named=True), strict=True):
        low, high = row[f"{VALUE} low"], row[f"{VALUE} high"]
        if low is not None:
            panel.plot([place] * 2, [low, high], color=COLORS[0], lw=1.6)
        panel.plot(place, row[MEAN], "o", color=COLORS[0], ms=7)
    if is_numeric:
        panel.plot(numbers, levels[MEAN], color=COLORS[0], lw=0.8, alpha=0.5)
        if spans_decades(numbers):
            panel.set_xscale("log")
        return
    panel.set_xticks(range(len(names)), names)
    if sum(map(len, names)) > 26:
        panel.tick_params(axis="x", rotation=30)
    panel.set_xlim(-0.5, len(names) - 0.5)
    panel.grid(axis="x", visible=False)


def same_scale(panel: Axes, values: Sequence[float]) -> None:
    """Set limits that show the means of all panels; wide intervals are cut."""
    low, high = min(values), max(values)
    if spans_decades(values):
        panel.set_yscale("log")
        panel.set_ylim(low / 2, high * 2)
    else:
        room = 0.6 * (high - low) or 0.1 * abs(high) or 1.0
        panel.set_ylim(low - room, high + room)


def spans_decades(values: Sequence[float]) -> bool:
    """Return whether a linear scale would show the largest values alone."""
    return min(values) > 0 and max(values) / min(values) > DECADES


PICTURES = {"ranking": draw_ranking, "curves": draw_curves, "effects": draw_effects}
"""The pictures of a report on one problem."""
