"""Runs that differ only by seed or fold as one choice; choices ranked by validation."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from litmlp.engine.report.intervals import margin, summarised
from litmlp.engine.report.problems import VALUE, Problem

Repeats = Mapping[tuple[Any, ...], float]
"""Values of one choice by seed and fold."""


def rank_choices(problem: Problem) -> pl.DataFrame:
    """A row a choice, the best mean of the monitored metric first.

    Its columns are ``choice``, those of ``problem.choices``, the statistics of VALUE
    and of each metric, ``runs started``, ``runs diverged``, ``difference from best``
    (of the means), its ``margin of difference`` (half of the 95 % interval) and
    ``against best``: best, tied, worse, or null if too few runs tell. Choices that
    diverged in some run come last.
    """
    by = ["choice", *problem.choices]
    lost = (pl.col("status") == "done") & pl.col(VALUE).is_null()
    started = problem.runs.group_by("choice").agg(
        pl.len().alias("runs started"), lost.sum().alias("runs diverged")
    )
    ranked = (
        summarised(problem.runs, by, [VALUE, *problem.metrics])
        .join(started, on="choice", maintain_order="left")
        .sort(
            pl.col(f"{VALUE} count") == 0,
            pl.col("runs diverged") > 0,
            pl.col(f"{VALUE} mean") * (-1 if problem.mode == "max" else 1),
            "choice",
            nulls_last=True,
        )
    )
    return ranked.hstack(differences(problem, ranked["choice"].to_list()))


def differences(problem: Problem, ranked: Sequence[str]) -> list[pl.Series]:
    """How far each choice is from the first, and whether that is more than chance."""
    repeats = repeats_of(problem)
    rows = [compare(repeats[choice], repeats[ranked[0]]) for choice in ranked]
    verdicts = ["best", *(verdict(*row) for row in rows[1:])]
    means, margins = zip(*rows, strict=True)
    return [
        pl.Series("difference from best", means, pl.Float64).fill_nan(None),
        pl.Series("margin of difference", margins, pl.Float64).fill_nan(None),
        pl.Series("against best", verdicts, pl.String),
    ]


def repeats_of(problem: Problem) -> Mapping[str, Repeats]:
    """The value of each choice in each of its seeds and folds."""
    values: dict[str, dict[tuple[Any, ...], float]] = defaultdict(dict)
    by = ["choice", *problem.seeds]
    for choice, *seeds, value in (
        problem.measured.group_by(by).agg(pl.col(VALUE).mean()).rows()
    ):
        values[choice][tuple(seeds)] = value
    return values


def compare(values: Repeats, best: Repeats) -> tuple[float, float]:
    """Mean difference and half of its 95 % interval, NaN where too few runs tell.

    Seed by seed if two or more are shared: what the seeds have in common cancels out.
    Otherwise between independent runs (Welch, https://doi.org/10.1093/biomet/34.1-2.28).
    """
    shared = values.keys() & best.keys()
    if len(shared) > 1:
        pairs = np.array([values[seed] - best[seed] for seed in shared])
        return float(pairs.mean()), float(margin(pairs.std(ddof=1), len(pairs)))
    samples = [np.array(list(sample.values())) for sample in (values, best)]
    if not all(map(len, samples)):
        return np.nan, np.nan
    difference = float(samples[0].mean() - samples[1].mean())
    if min(map(len, samples)) < 2:
        return difference, np.nan
    return difference, welch_margin(*samples)


def welch_margin(first: np.ndarray, second: np.ndarray) -> float:
    """Half of the interval around the difference of two independent means."""
    counts = np.array([len(first), len(second)])
    variances = np.array([first.var(ddof=1), second.var(ddof=1)]) / counts
    total = variances.sum()
    if total == 0:
        return 0.0
    freedom = total**2 / (variances**2 / (counts - 1)).sum()
    return float(margin(np.sqrt(total), 1, freedom))


def verdict(difference: float, half: float) -> str | None:
    """Tied if the interval around the difference holds 0."""
    if np.isnan(half):
        return None
    return "tied" if abs(difference) <= half else "worse"
