"""A search in pictures: its history, and the Pareto front of two objectives.

A function returns no picture where its search has nothing to show in it.
"""

import math
from collections.abc import Callable, Sequence
from itertools import accumulate

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from litmlp.engine.figures.style import COLORS, new_figure
from litmlp.engine.report.draw_sweep import spans_decades
from litmlp.engine.report.search_results import Search

LOOKS = {
    "complete": ("o", COLORS[0], "trained to the end"),
    "pruned": ("x", COLORS[4], "pruned, its last value"),
}


def draw_history(search: Search) -> Figure:
    """Draw a panel per objective: the trials' values, and the best so far as a line."""
    names = search.objectives
    figure, panels = new_figure(len(names), 1, width=7.0, height=3.2)
    for index, panel in enumerate(panels):
        for state, (marker, color, text) in LOOKS.items():
            own = [trial for trial in search.trials if trial.state == state]
            numbers = [trial.number for trial in own]
            values = [trial.values[index] for trial in own]
            if own:
                panel.plot(numbers, values, marker, color=color, label=text)
        values = [trial.values[index] for trial in search.trials]
        stretch(panel.set_yscale, [v for v in values if math.isfinite(v)])
        draw_best_so_far(panel, search, index)
        panel.set(ylabel=names[index])
        panel.set_title(f"{names[index]} of each trial", loc="left")
        if panel.lines:  # a trial has a value
            panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    panels[-1].set(xlabel="trial")
    return figure


def draw_best_so_far(panel: Axes, search: Search, index: int) -> None:
    """Draw the best value up to each trial that was trained to its end."""
    complete = [trial for trial in search.trials if trial.state == "complete"]
    if not complete:
        return
    values = [trial.values[index] for trial in complete]
    best = [*accumulate(values, min if search.modes[index] == "min" else max)]
    numbers = [*(trial.number for trial in complete), search.trials[-1].number]
    panel.plot(
        numbers,
        [*best, best[-1]],
        color=COLORS[2],
        drawstyle="steps-post",
        label="best so far",
    )


def draw_front(search: Search) -> Figure | None:
    """Draw two objectives, with a line through the trials that no other surpasses."""
    if len(search.objectives) != 2 or not search.best:
        return None
    figure, (panel,) = new_figure(width=6.0, height=4.0)
    points = [t.values for t in search.trials if t.state == "complete"]
    x, y = zip(*points, strict=True)
    panel.plot(x, y, "o", color="#999999", ms=5, label="surpassed")
    steps = "steps-post" if search.modes[0] == "min" else "steps-pre"
    front = zip(*sorted(tuple(trial.values) for trial in search.best), strict=True)
    panel.plot(*front, "-o", color=COLORS[0], drawstyle=steps, label="Pareto front")
    panel.set(xlabel=search.objectives[0], ylabel=search.objectives[1])
    stretch(panel.set_xscale, x)
    stretch(panel.set_yscale, y)
    panel.set_title("The best compromises", loc="left")
    panel.legend(frameon=False)
    return figure


def stretch(set_scale: Callable[..., None], values: Sequence[float]) -> None:
    """Set a logarithmic scale if a linear one would show the largest values alone."""
    if values and spans_decades(values):
        set_scale("log")


PICTURES = {"history": draw_history, "front": draw_front}
"""The pictures of a report on one search."""
