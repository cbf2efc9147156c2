"""A table as a picture."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from litmlp.engine.figures.style import new_figure

CHARACTER, LINE = 0.085, 0.26  # inches


def draw_table(columns: Mapping[str, Sequence[str]], title: str) -> Figure:
    """Draw columns of texts under their names; there is at least one row."""
    rows = list(zip(*columns.values(), strict=True))
    widths = [2 + max(map(len, [name, *texts])) for name, texts in columns.items()]
    figure, (axes,) = new_figure(
        width=CHARACTER * max(sum(widths), len(title)),
        height=LINE * (len(rows) + 2.5),
    )
    axes.set_axis_off()
    axes.set_title(title, loc="left")
    table = axes.table(
        rows,
        colLabels=list(columns),
        colWidths=[width / sum(widths) for width in widths],
        cellLoc="left",
        colLoc="left",
        edges="B",
        bbox=Bbox.unit(),
    )
    table.auto_set_font_size(False)
    for (row, _), cell in table.get_celld().items():
        cell.set_edgecolor("black" if row == 0 else "lightgray")
        cell.PAD = 0.02
    return figure
