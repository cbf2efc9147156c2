"""The 95 % interval of a mean, by Student's t distribution."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy.special import stdtrit

CONFIDENCE = 0.95


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
    table: pl.DataFrame, by: Sequence[str], of: Sequence[str]
) -> pl.DataFrame:
    """Return one row per group, with ``<name> mean``, std, median, count, low and high.

    Args:
        by: columns that a group shares.
        of: columns to summarize; low and high are the ends of the mean's interval.
    """
    groups = table.group_by(by, maintain_order=True).agg(
        getattr(pl.col(name), statistic)().alias(f"{name} {statistic}")
        for name in of
        for statistic in ("mean", "std", "median", "count")
    )
    for name in of:
        mean, std, count = (groups[f"{name} {s}"] for s in ("mean", "std", "count"))
        half = pl.Series(margin(std.to_numpy(), count.to_numpy())).fill_nan(None)
        low, high = mean - half, mean + half
        groups = groups.with_columns(
            low.alias(f"{name} low"), high.alias(f"{name} high")
        )
    return groups
