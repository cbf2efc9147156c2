"""Choices ranked by validation; runs that differ by seed or fold are one choice."""

from collections.abc import Mapping, Sequence

import polars as pl

from litmlp.engine.report.intervals import margin, summarize
from litmlp.engine.report.runs_table import VALUE


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
    compared = compare(runs.drop_nulls(VALUE), seeds, ranked["choice"][0])
    return ranked.join(
        compared, on="choice", how="left", maintain_order="left"
    ).with_columns(pl.when(pl.len() > 1).then("against best"))


def compare(runs: pl.DataFrame, seeds: Sequence[str], best: str) -> pl.DataFrame:
    """Return the difference of each choice from the best, and whether it is chance.

    Values are compared seed by seed if both choices share two seeds or more: the part
    that the seeds have in common cancels out. Otherwise the interval is unknown.
    """
    values = runs.group_by("choice", *seeds).agg(pl.col(VALUE).mean(), all=0)
    of_best = values.filter(choice=best)
    pairs = values.join(of_best, on=["all", *seeds], how="left", suffix=" of best")
    difference = pl.col(VALUE) - pl.col(f"{VALUE} of best")
    table = pairs.group_by("choice").agg(
        apart=pl.col(VALUE).mean() - of_best[VALUE].mean(),
        paired=difference.mean(),
        std=difference.std(),
        count=difference.count(),
    )
    half = pl.Series(margin(table["std"].to_numpy(), table["count"].to_numpy()))
    table = table.with_columns(half.fill_nan(None).alias("margin of difference"))
    known = pl.col("margin of difference").is_not_null()
    difference = pl.when(known).then("paired").otherwise("apart")
    tied = difference.abs() <= pl.col("margin of difference")
    return table.select(
        "choice",
        difference.alias("difference from best"),
        "margin of difference",
        pl.when(choice=best)
        .then(pl.lit("best"))
        .when(known)
        .then(pl.when(tied).then(pl.lit("tied")).otherwise(pl.lit("worse")))
        .alias("against best"),
    )
