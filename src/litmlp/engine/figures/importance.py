"""Picture of the importance of columns."""

import polars as pl
from matplotlib.figure import Figure

from litmlp.engine.figures.style import as_label, new_figure

MOST_COLUMNS = 20


def draw_importance(table: pl.DataFrame) -> Figure:
    """Draw a bar per column with its interval, the most important one on top.

    Args:
        table: see :func:`~litmlp.engine.diagnosis.importance.importance`.
    """
    shown = table.head(MOST_COLUMNS).reverse()
    mean = shown["importance"].to_numpy()
    errors = mean - shown["low"].to_numpy()
    figure, (panel,) = new_figure(width=6, height=1.2 + 0.25 * len(shown))
    panel.barh([as_label(n) for n in shown["column"]], mean, xerr=errors, ecolor="0.4")
    more = table.height - len(shown)
    panel.set_title(
        f"the most important {len(shown)} of {table.height} columns" if more else ""
    )
    panel.set_xlabel("growth of the loss when the column is shuffled, 95 % intervals")
    return figure
