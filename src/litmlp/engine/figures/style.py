"""The style of all pictures."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from litmlp.engine.terminal.console import show

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Colours that colour-blind readers can distinguish (https://jfly.uni-koeln.de/color/)."""

DIVERGING = "PuOr"
"""Colour map for values on both sides of zero."""

SEQUENTIAL = "cividis"
"""Colour map for values on one side."""

STYLE: Any = {  # matplotlib's stubs list the name of every setting
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "font.size": 10,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}


def new_figure(
    rows: int = 1, columns: int = 1, *, width: float = 4.0, height: float = 3.0
) -> tuple[Figure, list[Axes]]:
    """Return a figure of rows × columns panels, and its axes row by row.

    Width and height are those of a panel, in inches. Nothing needs to be closed.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False).flatten().tolist()
    for panel in axes:
        panel.set_prop_cycle(color=COLORS)
    return figure, axes


def save(figure: Figure, path: Path) -> None:
    """Write a PNG, and make its folder if necessary."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_png(figure))


def as_png(figure: Figure, *, dpi: int = 110) -> bytes:
    """Return a figure as the content of a PNG file."""
    with BytesIO() as file:
        with warnings.catch_warnings():  # a box stands for what the font lacks
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            figure.savefig(file, format="png", dpi=dpi)
        return file.getvalue()


def as_label(name: str, longest: int = 24) -> str:
    """Return a name from the data on one line, cut to a length."""
    line = " ".join(name.split())
    cut = line if len(line) <= longest else f"{line[: longest - 1]}…"
    return cut.replace("$", r"\$")  # a dollar sign begins a formula


@contextmanager
def report_failed_picture() -> Iterator[None]:
    """Report a picture that cannot be drawn in one line: a result is worth more."""
    try:
        yield
    except Exception as error:  # any error of matplotlib, such as a missing font
        reason = str(error).partition("\n")[0][:200]
        show(f"a picture is left out: {type(error).__name__}: {reason}")
