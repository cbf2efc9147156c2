"""A sweep in pictures: choices ranked, the effect of each axis, two axes together."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from litmlp.engine.figures.style import COLORS, SEQUENTIAL, new_figure
from litmlp.engine.report.comparable_runs import VALUE
from litmlp.engine.report.findings import MEAN, Findings, cell_means, marginal_means
from litmlp.engine.report.run_record import as_number, short
from litmlp.engine.terminal.wording import number, percent

MOST_CHOICES = 20
MOST_AXES = 6
MOST_LEVELS = 15
LONGEST_LABEL = 40
DECADES = 30.0
"""A larger ratio of the largest to the smallest value needs a logarithmic scale."""

VERDICTS = {
    "best": (COLORS[0], "best"),
    "tied": (COLORS[5], "tied with the best"),
    "worse": (COLORS[4], "worse"),
    None: ("#888888", "too few runs to tell"),
}


def draw_ranking(findings: Findings) -> Figure:
    """Draw the best choices: runs, means and intervals; beside them the test metric."""
    problem = findings.problem
    tested = {problem.test: problem.test} if problem.test else {}
    top = findings.choices.drop_nulls(MEAN).head(MOST_CHOICES)
    figure, panels = new_figure(
        1, 1 + len(tested), width=4.8, height=1.6 + 0.27 * len(top)
    )
    columns = {VALUE: problem.monitor} | tested
    for panel, (column, name) in zip(panels, columns.items(), strict=True):
        draw_rows(panel, top, problem.measured, column)
        panel.set(xlabel=name, yticks=range(len(top)), yticklabels=[])
    labels = [label(row, problem.choices) for row in top.rows(named=True)]
    panels[0].set(yticklabels=labels, ylabel=",\n".join(problem.choices))
    left_out = f": the best {len(top)}" if len(top) < len(findings.choices) else ""
    panels[0].set_title(f"Ranked by {problem.monitor}{left_out}", loc="left")
    if tested:
        panels[1].set_title("The same choices on the test rows", loc="left")
    if top[f"{VALUE} low"].count():
        add_legend(figure, top["against best"].to_list())
    return figure


def label(row: Mapping[str, Any], keys: Sequence[str]) -> str:
    """Return the values of a choice, cut if they are long."""
    text = ", ".join(short(row[key]) for key in keys)
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


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
    present = [VERDICTS[verdict] for verdict in VERDICTS if verdict in verdicts]
    handles = [
        figure.axes[0].plot([], [], "o", color=color, label=name)[0]
        for color, name in present
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=4,
        frameon=False,
        title="dots: runs; lines: 95 % interval of the mean",
    )


def draw_effects(findings: Findings) -> Figure:
    """Draw one panel per axis: the mean of each level, with its interval."""
    problem = findings.problem
    of_choices = findings.effects.filter(pl.col("axis").is_in(problem.compared))
    strongest = of_choices.head(MOST_AXES).rows(named=True)
    means = [
        marginal_means(findings.levels, row["axis"], findings.problem.monitor)
        for row in strongest
    ]
    columns = min(3, len(means))
    figure, panels = new_figure(
        -(-len(means) // columns), columns, width=3.4, height=3.0
    )
    for panel in panels[len(means) :]:
        panel.remove()
    values = pl.concat(means)[MEAN].to_list()
    for place, (row, levels) in enumerate(zip(strongest, means, strict=True)):
        exact = problem.measured[row["axis"]]
        if exact.dtype.is_numeric() and exact.n_unique() > levels.height:
            draw_runs(panels[place], exact, problem.measured[VALUE])
        else:
            draw_levels(panels[place], levels)
        same_scale(panels[place], values)
        fraction = (
            f": {percent(row['fraction'])} of the variance"
            if row["fraction"] is not None
            else ""
        )
        panels[place].set_title(f"{row['axis']}{fraction}", loc="left")
        if place % columns == 0:
            panels[place].set_ylabel(f"mean {problem.monitor}")
        else:
            panels[place].tick_params(axis="y", labelleft=False)
    return figure


def draw_levels(panel: Axes, levels: pl.DataFrame) -> None:
    """Draw one dot per level, with a line for its 95 % interval."""
    names = levels["level"].to_list()
    numbers = numbers_of(names)
    for place, row in zip(
        numbers or range(len(names)), levels.rows(named=True), strict=True
    ):
        low, high = row[f"{VALUE} low"], row[f"{VALUE} high"]
        if low is not None:
            panel.plot([place] * 2, [low, high], color=COLORS[0], lw=1.6)
        panel.plot(place, row[MEAN], "o", color=COLORS[0], ms=7)
    if numbers:
        panel.plot(numbers, levels[MEAN], color=COLORS[0], lw=0.8, alpha=0.5)
        panel.set_xscale("log" if grow_by_factors(numbers) else "linear")
        return
    name_columns(panel, names, slanted=sum(map(len, names)) > 26)
    panel.set_xlim(-0.5, len(names) - 0.5)
    panel.grid(axis="x", visible=False)


def draw_runs(panel: Axes, numbers: pl.Series, values: pl.Series) -> None:
    """Draw one dot per run over an axis of numbers that hardly repeat."""
    panel.plot(numbers, values, "o", color=COLORS[0], ms=4, alpha=0.6)
    panel.set_xscale("log" if grow_by_factors(numbers.unique().sort()) else "linear")


def numbers_of(names: Sequence[str]) -> list[float]:
    """Return the numbers of more than two levels, or none if a level is no number."""
    values = [as_number(name) for name in names]
    numbers = [float(value) for value in values if not isinstance(value, str)]
    return numbers if len(numbers) == len(names) > 2 else []


def grow_by_factors(numbers: Sequence[float] | pl.Series) -> bool:
    """Return whether rising numbers lie more evenly on a logarithmic axis."""
    if numbers[0] <= 0:
        return False
    steps, factors = np.diff(numbers), np.diff(np.log(numbers))
    return bool(factors.std() / factors.mean() < steps.std() / steps.mean())


def name_columns(panel: Axes, names: Sequence[str], *, slanted: bool) -> None:
    """Write names below the columns 0, 1, …; slanted where they would overlap."""
    panel.set_xticks(range(len(names)), names)
    if slanted:
        for text in panel.get_xticklabels():
            text.set(rotation=30, ha="right", rotation_mode="anchor")


def same_scale(panel: Axes, values: Sequence[float]) -> None:
    """Set limits that show the means of all panels; wide intervals are cut."""
    low, high = min(values), max(values)
    if spans_decades(values):
        panel.set_yscale("log")
        panel.set_ylim(low / 2, high * 2)
    else:
        room = 0.6 * (high - low) or 0.1 * abs(high) or 1.0
        panel.set_ylim(low - room, high + room)


def has_numbers(findings: Findings) -> bool:
    """Return whether an axis is one of more than two numbers."""
    columns = (findings.problem.measured[axis] for axis in findings.problem.compared)
    return any(c.dtype.is_numeric() and c.n_unique() > 2 for c in columns)


def pair_to_draw(findings: Findings) -> tuple[str, str] | None:
    """Return the two strongest axes, among axes with few enough levels."""
    compared = pl.col("axis").is_in(findings.problem.compared)
    few = findings.effects.filter(compared, pl.col("levels") <= MOST_LEVELS)
    return (few["axis"][0], few["axis"][1]) if few.height > 1 else None


def draw_pairing(findings: Findings, first: str, second: str) -> Figure:
    """Draw the mean of each combination of two axes' levels; the best has a frame."""
    metric, mode = findings.problem.monitor, findings.problem.mode
    cells = cell_means(findings.levels, first, second)
    names, others = (
        [*dict.fromkeys(cells.sort(axis)[axis])] for axis in (first, second)
    )
    means = np.full((len(names), len(others)), np.nan)
    for name, other, mean, _ in cells.rows():
        means[names.index(name), others.index(other)] = mean
    figure, (panel,) = new_figure(
        width=2.2 + 0.75 * len(others), height=1.6 + 0.42 * len(names)
    )
    colors = SEQUENTIAL if mode == "max" else f"{SEQUENTIAL}_r"
    scale = LogNorm() if spans_decades(cells[MEAN].to_list()) else Normalize()
    image = panel.imshow(means, cmap=colors, norm=scale, aspect="auto")
    write_values(panel, image)
    place = np.nanargmin(means) if mode == "min" else np.nanargmax(means)
    row, column = divmod(int(place), len(others))
    corner = (column - 0.5, row - 0.5)
    panel.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=COLORS[1], lw=3))
    panel.set(xlabel=second, ylabel=first)
    panel.set_title(f"Mean {metric}, the best framed", loc="left")
    name_columns(panel, others, slanted=max(map(len, others)) > 8)
    panel.set_yticks(range(len(names)), names)
    panel.grid(visible=False)
    return figure


def write_values(panel: Axes, image: AxesImage) -> None:
    """Write the number of each cell of a picture, in a colour that is readable."""
    values = np.ma.masked_invalid(np.asarray(image.get_array()))
    brightness = image.to_rgba(values)[..., :3] @ (0.3, 0.6, 0.1)
    for row, column in zip(*np.nonzero(~values.mask), strict=True):
        color = "black" if brightness[row, column] > 0.5 else "white"
        text = number(float(values[row, column]))
        panel.text(column, row, text, color=color, ha="center", va="center", size=9)


def spans_decades(values: Sequence[float]) -> bool:
    """Return whether a linear scale would show the largest values alone."""
    return min(values) > 0 and max(values) / min(values) > DECADES
