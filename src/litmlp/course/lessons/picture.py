"""The picture of a lesson: curves, measures, and the verdicts below them."""

import math
import re
import statistics
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from litmlp.course.lessons.claims import Outcome, interval
from litmlp.course.lessons.sweep_runs import SweepRun, Values, axes, group_by
from litmlp.engine.figures.style import COLORS, new_figure

MARKS = {"supported": "✓", "not supported": "✗", "reversed": "✗", "not measured": "?"}


def draw(outcome: Outcome) -> Figure:
    """Draw the outcome: a colour per value of the first axis, a position per second.

    Further axes, and for curves the second, have one panel per value.
    """
    panels = list(panels_of(outcome))
    settings = len(group_by(outcome.runs, axes(outcome.runs)[2:]))
    columns = settings if settings > 1 else 2 if len(panels) in (2, 4) else 3
    columns = min(len(panels), columns)
    rows = math.ceil(len(panels) / columns)
    width = max(4.6, 8 / columns)
    text = "\n".join(verdict_lines(outcome, width=round(14 * width * columns)))
    height = 3.4 + 0.2 * len(text.splitlines()) / rows
    figure, places = new_figure(rows, columns, width=width, height=height)
    for place, (title, draw_panel) in zip(places, panels, strict=False):
        draw_panel(place)
        place.set_title(title, loc="left", fontsize=11)
    for place in places[len(panels) :]:
        place.remove()
    figure.suptitle(outcome.question, x=0.01, ha="left", fontsize=13)
    figure.supxlabel(text, x=0.01, ha="left", fontsize=10)
    return figure


def verdict_lines(outcome: Outcome, width: int) -> Iterator[str]:
    """Yield the text of each claim, broken into lines of that many letters."""
    for judgement in outcome.judgements:
        line = f"{judgement.claim.says}: {judgement.verdict}, {judgement}"
        text = textwrap.fill(line.removesuffix(", "), width, subsequent_indent="     ")
        yield f"{MARKS[judgement.verdict]}  {text}"


def panels_of(outcome: Outcome) -> Iterator[tuple[str, Callable[[Axes], None]]]:
    """Yield title and drawing of each panel: curves first, then each measure."""
    keys = axes(outcome.runs)
    if tag := outcome.curves:
        for setting, runs in group_by(outcome.runs, keys[1:]).items():
            groups = group_by(runs, keys[:1])
            title = heading(tag, keys[1:], setting)
            yield title, partial(draw_curves, tag=tag, groups=groups)
    draw_values = draw_rows if len(keys) < 2 else draw_lines
    for measure, values in outcome.values.items():
        for setting, runs in group_by(outcome.runs, keys[2:]).items():
            own = {run: values[run] for run in runs}
            title = heading(measure, keys[2:], setting)
            yield title, partial(draw_values, values=own, keys=keys[:2])


def heading(name: str, keys: Sequence[str], setting: Values) -> str:
    """Return the title of a panel: its subject and its setting."""
    parts = [
        f"{short(key)} {value}" if value[0].isdigit() else value
        for key, value in zip(keys, setting, strict=True)
    ]
    return f"{name}: {', '.join(parts)}" if parts else name


def short(key: str) -> str:
    """Return the last part of a config's key: ``lr`` of ``optimizer.lr``."""
    return re.split(r"[.@]", key)[-1]


def scale(values: Iterable[float]) -> Literal["linear", "log"]:
    """Return ``log`` for positive numbers of very different size."""
    finite = [value for value in values if math.isfinite(value)]
    return "log" if finite and 0 < 20 * min(finite) < max(finite) else "linear"


def draw_curves(
    panel: Axes, *, tag: str, groups: Mapping[Values, Sequence[SweepRun]]
) -> None:
    """Draw the mean over seeds after each epoch, in a band that contains all seeds."""
    for color, (names, runs) in zip(COLORS, groups.items(), strict=False):
        points: dict[int, list[float]] = defaultdict(list)
        for run in runs:
            for epoch, value in zip(*run.curve(tag), strict=True):
                points[epoch].append(value)
        draw_band(panel, points, ", ".join(names), color)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set(xlabel="epoch", yscale="log" if tag.startswith("loss/") else "linear")
    panel.legend(frameon=False, fontsize=9)


def draw_lines(
    panel: Axes, *, values: Mapping[SweepRun, float], keys: Sequence[str]
) -> None:
    """Draw one line per value of the first key, over the values of the second."""
    places = [place for (place,) in group_by(list(values), keys[1:])]
    lines = group_by(list(values), keys[:1]).items()
    for color, (names, group) in zip(COLORS, lines, strict=False):
        points = {
            places.index(place): [values[run] for run in at]
            for (place,), at in group_by(group, keys[1:]).items()
        }
        draw_band(panel, points, names[0], color, marker="o")
    panel.set_xticks(range(len(places)), places)
    panel.set(xlabel=short(keys[1]), yscale=scale(values.values()))
    panel.legend(frameon=False, fontsize=9)


def draw_band(
    panel: Axes,
    points: Mapping[int, Sequence[float]],
    label: str,
    color: str,
    marker: str = "",
) -> None:
    """Draw a line through the means, in a band that contains all values."""
    at = sorted(points)
    finite = {x: [v for v in points[x] if math.isfinite(v)] or [math.nan] for x in at}
    means = [statistics.mean(finite[x]) for x in at]
    panel.plot(at, means, color=color, label=label, marker=marker)
    ends = [min(finite[x]) for x in at], [max(finite[x]) for x in at]
    panel.fill_between(at, *ends, color=color, alpha=0.2, linewidth=0)


def draw_rows(
    panel: Axes, *, values: Mapping[SweepRun, float], keys: Sequence[str]
) -> None:
    """Draw one row per setting: a dot per seed, and the mean in its 95 % interval."""
    groups = group_by(list(values), keys)
    axis = scale(values.values())
    for row, group in enumerate(groups.values()):
        color = COLORS[row % len(COLORS)]
        numbers = [values[run] for run in group if math.isfinite(values[run])]
        panel.plot(numbers, [row] * len(numbers), "o", color=color, alpha=0.3)
        if len(numbers) > 1:
            mean, *ends = interval(numbers, geometric=axis == "log")
            panel.plot(ends, [row, row], color=color, linewidth=2)
            panel.plot(mean, row, "D", color=color, markeredgecolor="white")
    panel.set_yticks(range(len(groups)), [", ".join(names) for names in groups])
    if axis == "linear":
        panel.xaxis.set_major_locator(MaxNLocator(5))
    panel.set(xscale=axis, ylim=(len(groups) - 0.5, -0.5))
