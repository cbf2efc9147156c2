"""The look that all pictures share."""

from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Told apart by colour-blind readers (https://jfly.uni-koeln.de/color/)."""

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
    """A figure of rows × columns panels of a size in inches, and its axes row by row.

    It belongs to nobody but the caller: no window, nothing to close.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False).flatten().tolist()
    for panel in axes:
        panel.set_prop_cycle(color=COLORS)
    return figure, axes


def save(figure: Figure, path: Path) -> None:
    """Write a PNG; its folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_png(figure))


def as_png(figure: Figure, *, dpi: int = 110) -> bytes:
    """A figure as the content of a PNG file."""
    with BytesIO() as file:
        figure.savefig(file, format="png", dpi=dpi)
        return file.getvalue()


def as_label(name: str, longest: int = 24) -> str:
    """A name from the data as a picture can show it: on one line, not too long."""
    line = " ".join(name.split())
    cut = line if len(line) <= longest else f"{line[: longest - 1]}…"
    return cut.replace("$", r"\$")  # would begin a formula
