"""Headings, numbers and broken lines for the gallery's pictures."""

import math
import textwrap

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from torch import Tensor

LETTERS_PER_INCH = 13
STEP_THAT_SHOWS = 0.01
"""A smaller step, as a fraction of a curve's range, is not drawn as a leap."""


def add_heading(figure: Figure, headline: str, description: str) -> None:
    """Write an option and its description above a figure, which grows for them."""
    width, height = figure.get_size_inches()
    lines = textwrap.wrap(description, int(width * LETTERS_PER_INCH))
    total = height + 0.42 + 0.19 * len(lines)
    figure.set_size_inches(width, total)
    left = 0.1 / width
    figure.text(left, 1 - 0.1 / total, headline, size=13, weight="bold", va="top")
    figure.text(left, 1 - 0.36 / total, "\n".join(lines), color="0.35", va="top")
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(rect=(0, 0, 1, height / total))


def jumps(values: Tensor) -> Tensor:
    """Return the indices after which a curve [points] leaps rather than climbs.

    A leap is a visible step that is five times as large as its neighbours.
    """
    steps = F.pad(values.diff().abs(), (1, 1))
    beside = torch.maximum(steps[:-2], steps[2:])
    shows = STEP_THAT_SHOWS * (values.max() - values.min())
    return torch.nonzero((steps[1:-1] > 5 * beside) & (steps[1:-1] > shows))[:, 0] + 1


def broken(values: Tensor) -> Tensor:
    """Return a curve [points] with a gap (NaN) where it leaps, for drawing."""
    result = values.clone()
    result[jumps(values)] = math.nan
    return result


def digits(value: float, count: int = 3) -> str:
    """Return a number for a label, with a minus sign like that of the ticks.

    >>> digits(-0.25), digits(1234.5)
    ('−0.25', '1234')
    """
    whole = 10**count <= abs(value) < 1e6
    return f"{value:.{'0f' if whole else f'{count}g'}}".replace("-", "−")


def fixed(value: float) -> str:
    """Return a number with two decimals, without a minus before 0.00.

    >>> fixed(-1e-9)
    '0.00'
    """
    return f"{round(value, 2) + 0:.2f}".replace("-", "−")
