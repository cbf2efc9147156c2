"""A search in pictures: how it went, which choices mattered, the Pareto front."""

import math
from collections.abc import Callable, Collection, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from litmlp.engine.figures.style import COLORS, as_label, new_figure
from litmlp.engine.report.draw_sweep import spans_decades
from litmlp.engine.report.search import Searched, Trial, fence

MOST_CHOICES = 12

LOOKS = {
    "complete": ("o", COLORS[0], "trained to the end"),
    "pruned": ("x", COLORS[4], "pruned, its last value"),
}


def draw_history(searched: Searched) -> Figure:
    """A panel an objective: each trial's value, and the best so far as a line."""
    names = searched.objectives
    figure, panels = new_figure(len(names), 1, width=7.0, height=3.2)
    for place, panel in enumerate(panels):
        mode = searched.modes[place]
        far = outliers(searched, place)
        near = [trial for trial in searched.trials if trial.number not in far]
        draw_trials(panel, near, place)
        draw_best_so_far(panel, searched, place)
        mark_lost(panel, searched.trials, far, edge=0.97 if mode == "min" else 0.03)
        panel.set(ylabel=names[place])
        panel.set_title(f"{names[place]} of each trial", loc="left")
        panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    panels[-1].set(xlabel="trial")
    return figure


def outliers(searched: Searched, place: int) -> set[int]:
    """The trials so bad in an objective that they would hide the others."""
    values = {t.number: t.values[place] for t in searched.trials if known(t)}
    if not values:
        return set()
    sign = 1 if searched.modes[place] == "min" else -1
    limit = sign * fence(list(values.values()), searched.modes[place])
    return {number for number, value in values.items() if sign * value > limit}


def known(trial: Trial) -> bool:
    """Whether a trial has values."""
    return all(map(math.isfinite, trial.values))


def draw_trials(panel: Axes, trials: Sequence[Trial], place: int) -> None:
    """A mark a trial that has a value."""
    shown = [trial for trial in trials if known(trial)]
    for state, (marker, color, text) in LOOKS.items():
        points = [(t.number, t.values[place]) for t in shown if t.state == state]
        if points:
            panel.plot(*zip(*points, strict=True), marker, color=color, label=text)
    stretch(panel.set_yscale, [trial.values[place] for trial in shown])


def draw_best_so_far(panel: Axes, searched: Searched, place: int) -> None:
    """The best value of the trials up to each one that was trained to its end."""
    better = min if searched.modes[place] == "min" else max
    numbers: list[int] = []
    best: list[float] = []
    for trial in searched.trials:
        if trial.state == "complete":
            numbers.append(trial.number)
            best.append(better([trial.values[place], *best[-1:]]))
    if best:
        numbers.append(searched.trials[-1].number)
        steps = [*best, best[-1]]
        panel.plot(
            numbers, steps, color=COLORS[2], drawstyle="steps-post", label="best so far"
        )


def mark_lost(
    panel: Axes, trials: Sequence[Trial], far: Collection[int], *, edge: float
) -> None:
    """A stroke at an edge for each trial without a value, or off the scale."""
    lost = {
        state: [trial.number for trial in trials if trial.state == state]
        for state in ("failed", "diverged")
    } | {"off the scale": sorted(far)}
    colors = (COLORS[6], COLORS[1], COLORS[3])
    for (state, numbers), color in zip(lost.items(), colors, strict=True):
        if numbers:
            panel.plot(
                numbers,
                [edge] * len(numbers),
                "|",
                color=color,
                ms=12,
                mew=2,
                label=state,
                transform=panel.get_xaxis_transform(),
            )


def draw_importances(searched: Searched) -> Figure:
    """A panel an objective: how much of its variance each choice explains."""
    known = {name: shares for name, shares in searched.importances.items() if shares}
    most = min(MOST_CHOICES, max(map(len, known.values())))
    figure, panels = new_figure(
        len(known), 1, width=6.0, height=1.0 + 0.36 * max(2, most)
    )
    for panel, (name, shares) in zip(panels, known.items(), strict=True):
        keys = list(shares)[:MOST_CHOICES]
        bars = panel.barh(
            range(len(keys)), [100 * shares[key] for key in keys], color=COLORS[0]
        )
        panel.bar_label(bars, fmt="%.0f %%", padding=4)
        panel.set_yticks(range(len(keys)), [as_label(key) for key in keys])
        panel.set(xlim=(0, 110), ylim=(len(keys) - 0.4, -0.6))
        panel.set_title(f"What mattered for {name}", loc="left")
        panel.grid(axis="y", visible=False)
    panels[-1].set(xlabel="share of the variance, %")
    return figure


def draw_front(searched: Searched) -> Figure:
    """Two objectives against each other; a line for those that no other surpasses."""
    figure, (panel,) = new_figure(width=6.0, height=4.0)
    whole = [trial for trial in searched.trials if trial.state == "complete"]
    best = {trial.number for trial in searched.best}
    others = [trial.values for trial in whole if trial.number not in best]
    front = sorted(tuple(trial.values) for trial in searched.best)
    if others:
        points = zip(*others, strict=True)
        panel.plot(*points, "o", color="#999999", ms=5, label="surpassed")
    steps = "steps-post" if searched.modes[0] == "min" else "steps-pre"
    points = zip(*front, strict=True)
    panel.plot(*points, "-o", color=COLORS[0], drawstyle=steps, label="Pareto front")
    panel.set(xlabel=searched.objectives[0], ylabel=searched.objectives[1])
    stretch(panel.set_xscale, [trial.values[0] for trial in whole])
    stretch(panel.set_yscale, [trial.values[1] for trial in whole])
    panel.set_title("The best compromises", loc="left")
    panel.legend(frameon=False)
    return figure


def stretch(set_scale: Callable[..., None], values: Sequence[float]) -> None:
    """A logarithmic scale where a linear one would show the largest values alone."""
    positive = [value for value in values if value > 0]
    if not positive or min(values) < 0 or not spans_decades(positive):
        return
    if len(positive) == len(values):
        set_scale("log")
    else:
        set_scale("symlog", linthresh=min(positive))
