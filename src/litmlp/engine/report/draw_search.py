"""A search in pictures: its history, and the Pareto front of two objectives.

A function returns no picture where its search has nothing to show in it.
"""

from itertools import accumulate

from matplotlib.figure import Figure

from litmlp.engine.figures.style import COLORS, new_figure
from litmlp.engine.report.draw_sweep import spans_decades
from litmlp.engine.report.search_results import Search, state_of


def draw_history(search: Search) -> Figure | None:
    """Draw a panel per objective: the trials' values, and the best so far as a line."""
    trials = [t for t in search.trials if state_of(t) == "complete"]
    if not trials:
        return None
    numbers = [trial.number for trial in trials]
    figure, panels = new_figure(len(search.objectives), 1, width=7.0, height=3.2)
    for index, (name, mode) in enumerate(search.objectives.items()):
        values = [trial.values[index] for trial in trials]
        best = [*accumulate(values, min if mode == "min" else max)]
        panel = panels[index]
        panel.plot(numbers, values, "o", label="trained to the end")
        panel.step(
            [*numbers, search.trials[-1].number],
            [*best, best[-1]],
            where="post",
            color=COLORS[2],
            label="best so far",
        )
        if spans_decades(values):
            panel.set_yscale("log")
        panel.set(ylabel=name)
        panel.set_title(f"{name} of each trial", loc="left")
        panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    panels[-1].set(xlabel="trial")
    return figure


def draw_front(search: Search) -> Figure | None:
    """Draw two objectives, with a line through the trials that no other surpasses."""
    if len(search.objectives) != 2 or not search.best:
        return None
    figure, (panel,) = new_figure(width=6.0, height=4.0)
    points = [t.values for t in search.trials if state_of(t) == "complete"]
    x, y = zip(*points, strict=True)
    panel.plot(x, y, "o", color="#999999", ms=5, label="surpassed")
    (first, mode), (second, _) = search.objectives.items()
    steps = "steps-post" if mode == "min" else "steps-pre"
    front = zip(*sorted(tuple(trial.values) for trial in search.best), strict=True)
    panel.plot(*front, "-o", color=COLORS[0], drawstyle=steps, label="Pareto front")
    panel.set(xlabel=first, ylabel=second)
    if spans_decades(x):
        panel.set_xscale("log")
    if spans_decades(y):
        panel.set_yscale("log")
    panel.set_title("The best compromises", loc="left")
    panel.legend(frameon=False)
    return figure


PICTURES = {"history": draw_history, "front": draw_front}
"""The pictures of a report on one search."""
