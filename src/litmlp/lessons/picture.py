"""A lesson's picture: curves, measures, and the verdicts below them."""

import math
import statistics
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from litmlp.figures.style import COLORS, new_figure
from litmlp.lessons.claims import interval
from litmlp.lessons.lesson import Lesson, Outcome
from litmlp.lessons.members import Member, alike, axes

MARKS = {"supported": "✓", "not supported": "✗", "reversed": "✗", "not measured": "?"}

Panel = Callable[[Axes], None]


def draw(lesson: Lesson, outcome: Outcome) -> Figure:
    """The first axis of the sweep is told apart by colour, a second by position.

    Further axes, and for curves the second, have a panel for each of their values.
    """
    panels = [*curve_panels(lesson, outcome), *measure_panels(lesson, outcome)]
    columns = min(len(panels), 3)
    rows = math.ceil(len(panels) / columns)
    figure, places = new_figure(rows, columns, width=4.6, height=3.4)
    for place in places[len(panels) :]:
        place.remove()
    for place, panel in zip(places, panels, strict=False):
        panel(place)
    figure.suptitle(lesson.question, x=0.01, ha="left", fontsize=13)
    text = "\n".join(verdict_lines(outcome, width=round(62 * columns)))
    figure.supxlabel(text, x=0.01, ha="left", fontsize=9.5)
    return figure


def verdict_lines(outcome: Outcome, width: int) -> Iterator[str]:
    """The verdicts as text of a width in letters."""
    for judgement in outcome.judgements:
        numbers = f": {judgement}" if str(judgement) else ""
        line = f"{judgement.claim.says}: {judgement.verdict}{numbers}"
        yield MARKS[judgement.verdict] + " " + textwrap.fill(
            line, width, subsequent_indent="    "
        )


def curve_panels(lesson: Lesson, outcome: Outcome) -> Iterator[Panel]:
    """The lesson's curves, in a panel for each setting of all axes but the first."""
    if lesson.curves is None:
        return
    keys = axes(outcome.members)
    for rest, members in alike(outcome.members, keys[1:]).items():
        yield partial(
            draw_curves,
            tag=lesson.curves,
            title=", ".join(rest),
            groups=alike(members, keys[:1]),
        )


def draw_curves(
    panel: Axes,
    *,
    tag: str,
    title: str,
    groups: Mapping[tuple[str, ...], Sequence[Member]],
) -> None:
    """Mean over seeds at every epoch, in a band from the smallest to the largest."""
    for color, (values, members) in zip(COLORS, groups.items(), strict=False):
        at: dict[int, list[float]] = defaultdict(list)
        for member in members:
            for epoch, value in zip(*member.curve(tag), strict=True):
                at[epoch].append(value)
        epochs = sorted(at)
        panel.plot(
            epochs,
            [statistics.mean(at[epoch]) for epoch in epochs],
            color=color,
            label=", ".join(values),
        )
        lowest = [min(at[epoch]) for epoch in epochs]
        highest = [max(at[epoch]) for epoch in epochs]
        panel.fill_between(epochs, lowest, highest, color=color, alpha=0.2, lw=0)
    if tag.startswith("loss/"):
        panel.set_yscale("log")
    panel.set(xlabel="epoch", ylabel=tag, title=title)
    panel.legend(frameon=False)


def measure_panels(lesson: Lesson, outcome: Outcome) -> Iterator[Panel]:
    """Each measure, in a panel for each setting of the axes after the second."""
    keys = axes(outcome.members)
    ratios = {c.measure for c in lesson.claims if c.compare == "ratio"}
    for measure, values in outcome.values.items():
        for rest, members in alike(outcome.members, keys[2:]).items():
            yield partial(
                draw_rows if len(keys) < 2 else draw_lines,
                measure=measure,
                title=", ".join(rest),
                keys=keys,
                values={member: values[member] for member in members},
                logarithmic=measure in ratios,
            )


def draw_rows(
    panel: Axes,
    *,
    measure: str,
    title: str,
    keys: Sequence[str],
    values: Mapping[Member, float],
    logarithmic: bool,
) -> None:
    """A row a setting: its members as dots, their mean with its 95 % interval."""
    groups = alike(list(values), keys)
    for row, group in enumerate(groups.values()):
        numbers = [values[member] for member in group]
        color = COLORS[row % len(COLORS)]
        panel.plot(numbers, [row] * len(numbers), "o", color=color, alpha=0.3)
        mean, low, high = interval(numbers)
        panel.plot([low, high], [row, row], color=color, lw=2)
        panel.plot(mean, row, "D", color=color, markeredgecolor="white")
    if logarithmic:
        panel.set_xscale("log")
    panel.set_yticks(range(len(groups)), [", ".join(names) for names in groups])
    panel.set(xlabel=measure, title=title, ylim=(len(groups) - 0.5, -0.5))


def draw_lines(
    panel: Axes,
    *,
    measure: str,
    title: str,
    keys: Sequence[str],
    values: Mapping[Member, float],
    logarithmic: bool,
) -> None:
    """A line a value of the first axis, over the values of the second."""
    places = [names[0] for names in alike(list(values), keys[1:2])]
    for color, (names, group) in zip(
        COLORS, alike(list(values), keys[:1]).items(), strict=False
    ):
        at = alike(group, keys[1:2])
        numbers = [[values[member] for member in at[(place,)]] for place in places if (place,) in at]
        x = [i for i, place in enumerate(places) if (place,) in at]
        panel.plot(x, [statistics.mean(n) for n in numbers], "o-", color=color, label=names[0])
        panel.fill_between(
            x,
            [min(n) for n in numbers],
            [max(n) for n in numbers],
            color=color,
            alpha=0.2,
            lw=0,
        )
    if logarithmic:
        panel.set_yscale("log")
    panel.set_xticks(range(len(places)), places)
    panel.set(xlabel=keys[1], ylabel=measure, title=title)
    panel.legend(frameon=False)
