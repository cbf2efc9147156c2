"""Which choice mattered: what each axis does to the mean of the monitored metric."""

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np
import polars as pl

from litmlp.engine.report.intervals import summarised
from litmlp.engine.report.problems import VALUE, Problem
from litmlp.engine.report.run_record import text_of

MEAN, COUNT = f"{VALUE} mean", f"{VALUE} count"
MOST_LEVELS = 8
"""A numeric axis of more values that hardly repeat, as of a random search, is cut."""


def by_level(problem: Problem) -> pl.DataFrame:
    """The measured runs, each axis with its levels in order."""
    runs = problem.measured.select(VALUE, *problem.compared, *problem.seeds)
    return runs.with_columns(
        *(levels(runs[axis]) for axis in problem.compared),
        *(exact_levels(runs[axis]) for axis in problem.seeds),
    )


def levels(values: pl.Series) -> pl.Series:
    """An axis's values as text in their order, or ranges of about as many runs each."""
    distinct = values.n_unique()
    if values.dtype.is_numeric() and distinct > max(MOST_LEVELS, len(values) / 2):
        return quarters(values)
    return exact_levels(values)


def exact_levels(values: pl.Series) -> pl.Series:
    """An axis's values as text, in the order of numbers or of the alphabet."""
    order = values.unique().sort().to_list()
    names = [text_of(value) for value in order]
    return values.replace_strict(order, names, return_dtype=pl.Enum(names))


def quarters(values: pl.Series) -> pl.Series:
    """Numbers as the quarter that they lie in, such as ``0.001 to 0.01``."""
    ends = list(dict.fromkeys(np.quantile(values, (0.0, 0.25, 0.5, 0.75, 1.0))))
    for digits in range(3, 18):  # as few as tell the ends apart
        texts = [f"{end:.{digits}g}" for end in ends]
        if len(set(texts)) == len(ends):
            break
    names = [f"{low} to {high}" for low, high in pairwise(texts)]
    places = np.searchsorted(ends[1:-1], values)
    return pl.Series(values.name, [names[i] for i in places], pl.Enum(names))


def effects(runs: pl.DataFrame, mode: str) -> pl.DataFrame:
    """A row an axis, the one that explains most first.

    Its columns are ``axis``, ``levels`` (how many), ``share`` (of the runs' variance
    that lies between the levels' means; null if no level has two runs), ``spread``
    (from the lowest to the highest of these means) and ``best`` (the best one's level).

    Args:
        runs: of :func:`by_level`.
        mode: ``min`` if smaller is better, else ``max``.
    """
    rows = []
    for axis in runs.columns[1:]:
        levels = marginal_means(runs, axis).sort(MEAN, descending=mode == "max")
        means = levels[MEAN].to_list()
        between = pl.col(VALUE).mean().over(axis).var() / pl.col(VALUE).var()
        share = runs.select(between.fill_nan(None)).item()
        rows.append(
            {
                "axis": axis,
                "levels": len(means),
                "share": share if len(means) < runs.height else None,
                "spread": max(means) - min(means),
                "best": levels["level"][0],
            }
        )
    schema = {"axis": pl.String, "levels": pl.Int64, "share": pl.Float64}
    schema |= {"spread": pl.Float64, "best": pl.String}
    frame = pl.DataFrame(rows, schema=schema)
    return frame.sort("share", "spread", descending=True, nulls_last=True)


def marginal_means(runs: pl.DataFrame, axis: str) -> pl.DataFrame:
    """A row a ``level`` of an axis: statistics of its runs, whatever else differs."""
    means = summarised(runs, [axis], [VALUE]).sort(axis)
    level = pl.col(axis).cast(pl.String).alias("level")
    return means.select(pl.lit(axis).alias("axis"), level, pl.exclude(axis))


def cell_means(runs: pl.DataFrame, first: str, second: str) -> pl.DataFrame:
    """A row a combination of two axes' levels: MEAN and COUNT of its runs."""
    mean, count = pl.col(VALUE).mean().alias(MEAN), pl.len().alias(COUNT)
    return runs.group_by(first, second).agg(mean, count).sort(first, second)


def best_pairings(runs: pl.DataFrame, axes: Sequence[str], mode: str) -> pl.DataFrame:
    """A row a pair of axes, with the levels that go best together; the best first."""
    rows = []
    for first, second in combinations(axes, 2):
        cells = cell_means(runs, first, second)
        one, other, mean, count = cells.sort(MEAN, descending=mode == "max").row(0)
        rows.append((first, one, second, other, mean, count))
    schema = ["first", "level", "second", "other", MEAN, COUNT]
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.sort(MEAN, descending=mode == "max")
