"""Conclusions about one problem: its choices ranked, the effect of each axis."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from litmlp.engine.report.comparable_runs import VALUE, Problem
from litmlp.engine.report.intervals import summarize
from litmlp.engine.report.rank_choices import rank_choices
from litmlp.engine.terminal.wording import text_of

MEAN, COUNT = f"{VALUE} mean", f"{VALUE} count"
MOST_LEVELS = 8
"""A numeric axis with more values that hardly repeat (a random search) is cut."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A problem's choices ranked, its axes weighed.

    Attributes:
        choices: of :func:`litmlp.engine.report.rank_choices.rank_choices`.
        levels: of :func:`by_level`.
        effects: of :func:`effects`.
    """

    problem: Problem
    choices: pl.DataFrame
    levels: pl.DataFrame
    effects: pl.DataFrame

    @property
    def command(self) -> str:
        """Command that trains the best choice again, as one run.

        Without the seed and split of its luckiest run: they are no choice.
        """
        runs = self.problem.runs.filter(choice=self.choices["choice"][0])
        words = shlex.split(str(runs["command"][0]))
        repeats = {*self.problem.seeds}
        if "data.fold" in repeats:
            repeats.add("data.num_folds")
        return shlex.join(
            w for w in words if w.lstrip("+").split("=")[0] not in repeats
        )

    @property
    def without_effect(self) -> list[str]:
        """Axes whose levels give equal values where the rest of a run is equal."""
        problem = self.problem
        runs, axes = problem.measured, [*problem.compared, *problem.seeds]
        return [axis for axis in axes if changes_nothing(runs, axis, axes)]


def find(problem: Problem) -> Findings:
    """Draw the conclusions from the runs of a problem."""
    levels = by_level(problem)
    return Findings(
        problem=problem,
        choices=rank_choices(problem),
        levels=levels,
        effects=effects(levels, problem.mode),
    )


def changes_nothing(runs: pl.DataFrame, axis: str, axes: Sequence[str]) -> bool:
    """Return whether runs that differ in one axis alone have equal values."""
    rest = [pl.lit(0).alias("all"), *(key for key in axes if key != axis)]
    groups = runs.group_by(rest).agg(
        pl.col(axis).n_unique().alias("levels"), pl.col(VALUE).n_unique()
    )
    compared = groups.filter(pl.col("levels") > 1)
    return compared.height > 0 and bool((compared[VALUE] == 1).all())


def by_level(problem: Problem) -> pl.DataFrame:
    """Return the measured runs, with the levels of each axis in order."""
    runs = problem.measured.select(VALUE, *problem.compared, *problem.seeds)
    return runs.with_columns(
        *(levels(runs[axis]) for axis in problem.compared),
        *(exact_levels(runs[axis]) for axis in problem.seeds),
    )


def levels(values: pl.Series) -> pl.Series:
    """Return an axis's values as ordered texts, or as four ranges of similar size."""
    distinct = values.n_unique()
    if values.dtype.is_numeric() and distinct > max(MOST_LEVELS, len(values) / 2):
        return quarters(values)
    return exact_levels(values)


def exact_levels(values: pl.Series) -> pl.Series:
    """Return an axis's values as texts, in the order of numbers or of the alphabet."""
    order = values.unique().sort().to_list()
    names = [text_of(value) for value in order]
    return values.replace_strict(order, names, return_dtype=pl.Enum(names))


def quarters(values: pl.Series) -> pl.Series:
    """Return the quarter in which each number lies, such as ``0.001 to 0.01``."""
    ends = list(dict.fromkeys(np.quantile(values, (0.0, 0.25, 0.5, 0.75, 1.0))))
    for digits in range(3, 18):  # as few as tell the ends apart
        texts = [f"{end:.{digits}g}" for end in ends]
        if len(set(texts)) == len(ends):
            break
    names = [f"{low} to {high}" for low, high in pairwise(texts)]
    places = np.searchsorted(ends[1:-1], values)
    return pl.Series(values.name, [names[i] for i in places], pl.Enum(names))


def effects(runs: pl.DataFrame, mode: str) -> pl.DataFrame:
    """Return one row per axis, the axis that explains most first.

    The columns are ``axis``, ``levels`` (their number), ``fraction`` (of the variance
    between runs that lies between the means of the levels; null if no level has two
    runs), ``spread`` (from the lowest to the highest of these means) and ``best`` (the
    level with the best mean).

    Args:
        runs: of :func:`by_level`.
        mode: ``min`` if smaller is better, else ``max``.
    """
    rows = []
    for axis in runs.columns[1:]:
        levels = marginal_means(runs, axis).sort(MEAN, descending=mode == "max")
        means = levels[MEAN].to_list()
        between = pl.col(VALUE).mean().over(axis).var() / pl.col(VALUE).var()
        fraction = runs.select(between.fill_nan(None)).item()
        fraction = fraction if len(means) < runs.height else None
        spread = max(means) - min(means)
        rows.append((axis, len(means), fraction, spread, levels["level"][0]))
    schema = {"axis": pl.String, "levels": pl.Int64, "fraction": pl.Float64}
    schema |= {"spread": pl.Float64, "best": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.sort("fraction", "spread", descending=True, nulls_last=True)


def marginal_means(runs: pl.DataFrame, axis: str, tag: str = "") -> pl.DataFrame:
    """Return one row per ``level`` of an axis: statistics of all runs with it.

    Args:
        runs: of :func:`by_level`.
        axis: a column of it.
        tag: of the monitored metric, which may have bounds.
    """
    means = summarize(runs, [axis], {VALUE: tag}).sort(axis)
    level = pl.col(axis).cast(pl.String).alias("level")
    return means.select(pl.lit(axis).alias("axis"), level, pl.exclude(axis))


def cell_means(runs: pl.DataFrame, first: str, second: str) -> pl.DataFrame:
    """Return MEAN and COUNT of the runs in each combination of two axes' levels."""
    mean, count = pl.col(VALUE).mean().alias(MEAN), pl.len().alias(COUNT)
    return runs.group_by(first, second).agg(mean, count).sort(first, second)
