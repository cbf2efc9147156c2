"""Choices ranked by validation; runs that differ by seed or fold are one choice."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from litmlp.engine.report.intervals import margin, summarize
from litmlp.engine.report.runs_table import VALUE

Repeats = Mapping[tuple[Any, ...], float]
"""Values of one choice by seed and fold."""


def rank_choices(
    runs: pl.DataFrame,
    choices: Sequence[str],
    seeds: Sequence[str],
    tags: Mapping[str, str],
    mode: str,
) -> pl.DataFrame:
    """Return one row per choice, the best mean of the monitored metric first.

    The columns are ``choice``, those in which choices differ, the statistics of the
    ``tags`` (columns of numbers, VALUE among them, and their metrics), ``runs
    started``, ``runs diverged``, ``difference from best`` (of the means), its ``margin
    of difference`` (half of the 95 % interval) and ``against best``: best, tied, worse,
    or null if there are too few runs, or no other choice. Choices with a run that
    diverged come last.
    """
    lost = (pl.col("status") == "done") & pl.col(VALUE).is_null()
    started = runs.group_by("choice").agg(
        pl.len().alias("runs started"), lost.sum().alias("runs diverged")
    )
    ranked = (
        summarize(runs, ["choice", *choices], tags)
        .join(started, on="choice", maintain_order="left")
        .sort(
            pl.col(f"{VALUE} count") == 0,
            pl.col("runs diverged") > 0,
            pl.col(f"{VALUE} mean") * (-1 if mode == "max" else 1),
            "choice",
            nulls_last=True,
        )
    )
    repeats = repeats_of(runs.drop_nulls(VALUE), seeds)
    return ranked.hstack(differences(repeats, ranked["choice"].to_list()))


def differences(
    repeats: Mapping[str, Repeats], ranked: Sequence[str]
) -> list[pl.Series]:
    """Return the difference of each choice from the first, and whether it is chance."""
    rows = [compare(repeats[choice], repeats[ranked[0]]) for choice in ranked]
    first = "best" if len(rows) > 1 else None
    verdicts = [first, *(verdict(*row) for row in rows[1:])]
    means, margins = zip(*rows, strict=True)
    return [
        pl.Series("difference from best", means, pl.Float64).fill_nan(None),
        pl.Series("margin of difference", margins, pl.Float64).fill_nan(None),
        pl.Series("against best", verdicts, pl.String),
    ]


def repeats_of(runs: pl.DataFrame, seeds: Sequence[str]) -> Mapping[str, Repeats]:
    """Return the value of each choice in each of its seeds and folds."""
    values: dict[str, dict[tuple[Any, ...], float]] = defaultdict(dict)
    means = runs.group_by(["choice", *seeds]).agg(pl.col(VALUE).mean())
    for choice, *seed, value in means.rows():
        values[choice][tuple(seed)] = value
    return values


def compare(values: Repeats, best: Repeats) -> tuple[float, float]:
    """Return mean difference and half of its 95 % interval, NaN with too few runs.

    Values are compared seed by seed if both choices share two seeds or more: the part
    that the seeds have in common cancels out. Otherwise the interval is unknown.
    """
    shared = values.keys() & best.keys()
    if len(shared) > 1:
        pairs = np.array([values[seed] - best[seed] for seed in shared])
        return float(pairs.mean()), float(margin(pairs.std(ddof=1), len(pairs)))
    if not values or not best:
        return np.nan, np.nan
    means = [np.mean(list(sample.values())) for sample in (values, best)]
    return float(means[0] - means[1]), np.nan


def verdict(difference: float, half: float) -> str | None:
    """Return ``tied`` if the interval around the difference contains 0."""
    if np.isnan(half):
        return None
    return "tied" if abs(difference) <= half else "worse"
