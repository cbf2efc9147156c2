"""Numbers cut at their quartiles, for tables that have one row per value."""

from itertools import pairwise

import numpy as np
import polars as pl


def quarters(values: pl.Series) -> pl.Series:
    """Return the quarter in which each number lies, such as ``0.001 to 0.01``.

    The texts are ordered as the numbers are; null stays null.
    """
    ends = np.unique(np.quantile(values.drop_nulls(), (0.0, 0.25, 0.5, 0.75, 1.0)))
    for digits in range(3, 18):  # as few as tell the ends apart
        texts = [f"{end:.{digits}g}" for end in ends]
        if len(set(texts)) == len(ends):
            break
    names = [f"{low} to {high}" for low, high in pairwise(texts)]
    places = np.searchsorted(ends[1:-1], values.to_numpy())
    found = pl.Series(values.name, [names[i] for i in places], pl.Enum(names))
    return found.set(values.is_null(), None)
