"""Permutation importance: how much the loss grows once a column says nothing."""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
import torch
from matplotlib.figure import Figure
from scipy.special import stdtrit
from sklearn.dummy import DummyRegressor
from sklearn.inspection import permutation_importance
from torch import Tensor

from litmlp.engine.figures.style import as_label, new_figure

MOST_ROWS = 2000
"""Rows of a larger table that are measured."""

MOST_COLUMNS = 20
"""Columns that the picture shows."""


def importance(
    loss_of: Callable[[Tensor, Tensor], float],
    inputs: Tensor,
    targets: Tensor,
    names: Sequence[str],
    *,
    repeats: int = 10,
) -> pl.DataFrame:
    """Return one row per column, from the most important one to the least.

    ``importance`` is the mean growth of the loss over several shuffles of the column,
    ``low`` and ``high`` the ends of its 95 % interval. Columns that say the same stand
    in for each other: each alone then seems unimportant (Breiman 2001,
    https://doi.org/10.1023/A:1010933404324).

    Args:
        loss_of: returns the mean loss of raw rows [N, columns] and their targets.
        inputs, targets: raw rows that the network was not trained on.
        names: of the columns.
        repeats: number of shuffles.
    """
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(0))
    rows = order[:MOST_ROWS]
    found = permutation_importance(
        DummyRegressor(),  # takes the place of an estimator, which the score ignores
        inputs[rows].numpy(),
        targets[rows].numpy(),
        scoring=lambda _, raw, true: -loss_of(torch.tensor(raw), torch.tensor(true)),
        n_repeats=repeats,
        random_state=0,
    )
    mean, std = found.importances.mean(axis=1), found.importances.std(axis=1, ddof=1)
    half = stdtrit(repeats - 1, 0.975) * std / np.sqrt(repeats)
    columns = {"importance": mean, "low": mean - half, "high": mean + half}
    table = pl.DataFrame({"column": list(names), **columns})
    return table.sort("importance", descending=True, maintain_order=True)


def draw_importance(table: pl.DataFrame) -> Figure:
    """Draw a bar per column with its interval, the most important one on top."""
    shown = table.head(MOST_COLUMNS).reverse()
    mean = shown["importance"].to_numpy()
    errors = mean - shown["low"].to_numpy()
    figure, (panel,) = new_figure(width=6, height=1.2 + 0.25 * len(shown))
    panel.barh([as_label(n) for n in shown["column"]], mean, xerr=errors, ecolor="0.4")
    if table.height > len(shown):
        panel.set_title(f"the most important {len(shown)} of {table.height} columns")
    panel.set_xlabel("growth of the loss when the column is shuffled, 95 % intervals")
    return figure
