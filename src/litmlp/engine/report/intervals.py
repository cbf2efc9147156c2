"""What repeats tell of a mean: its 95 % interval, by Student's t distribution."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy.special import stdtrit

CONFIDENCE = 0.95


def margin(std: Any, count: Any, freedom: Any = None) -> Any:
    """Half of the interval around a mean; NaN for fewer than two values.

    Args:
        std: of the values, with count − 1 as divisor; a number or an array.
        count: of the values.
        freedom: degrees of it; count − 1 unless something else is known.
    """
    degrees = np.subtract(count, 1) if freedom is None else freedom
    quantile = stdtrit(degrees, (1 + CONFIDENCE) / 2)
    return quantile * std / np.sqrt(np.maximum(count, 1))


def summarised(
    table: pl.DataFrame, by: Sequence[str], of: Sequence[str]
) -> pl.DataFrame:
    """A row a group, with ``<name> mean``, std, median, count, low and high.

    Args:
        by: columns that a group shares.
        of: columns whose values are summarised; low and high bound the mean's interval.
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
