"""The 95 % interval of a mean, by Student's t distribution."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy.special import stdtrit

CONFIDENCE = 0.95

BOUNDS = {
    **dict.fromkeys(("accuracy", "f1", "precision", "recall", "auroc"), (0.0, 1.0)),
    **dict.fromkeys(("loss", "mae", "rmse"), (0.0, math.inf)),
    "r2": (-math.inf, 1.0),
}
"""The smallest and the largest value of a metric; an interval ends there."""


def margin(std: Any, count: Any, freedom: Any = None) -> Any:
    """Return half of the interval around a mean; NaN for fewer than two values.

    Args:
        std: of the values, with count − 1 as divisor; a number or an array.
        count: of the values.
        freedom: degrees of freedom; count − 1 unless something else is known.
    """
    degrees = np.subtract(count, 1) if freedom is None else freedom
    quantile = stdtrit(degrees, (1 + CONFIDENCE) / 2)
    return quantile * std / np.sqrt(np.maximum(count, 1))


def summarize(
    table: pl.DataFrame, by: Sequence[str], of: Mapping[str, str]
) -> pl.DataFrame:
    """Return one row per group, with ``<name> mean``, std, median, count, low and high.

    Args:
        by: columns that a group shares.
        of: columns to summarize, and the tags of their metrics; low and high are the
            ends of the mean's interval.
    """
    groups = table.group_by(by, maintain_order=True).agg(
        getattr(pl.col(name), statistic)().alias(f"{name} {statistic}")
        for name in of
        for statistic in ("mean", "std", "median", "count")
    )
    for name, tag in of.items():
        mean, std, count = (groups[f"{name} {s}"] for s in ("mean", "std", "count"))
        half = pl.Series(margin(std.to_numpy(), count.to_numpy())).fill_nan(None)
        smallest, largest = bounds(tag, table[name])
        low, high = (mean - half).clip(smallest), (mean + half).clip(None, largest)
        groups = groups.with_columns(
            low.alias(f"{name} low"), high.alias(f"{name} high")
        )
    return groups


def bounds(tag: str, values: pl.Series) -> tuple[float, float]:
    """Return the bounds of a metric, unless a value lies beyond: it is another then."""
    ends = BOUNDS.get(tag.partition("/")[0], (-math.inf, math.inf))
    inside = values.drop_nulls().is_between(*ends).all()
    return ends if inside else (-math.inf, math.inf)
