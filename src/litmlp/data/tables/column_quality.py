"""A report about a table's columns, to be shown before training."""

import polars as pl
import torch

from litmlp.data.samples import ColumnFacts
from litmlp.data.tables.column_kinds import TIMES, drop_override
from litmlp.data.tables.dates import in_days

DAYS = (19000101, 21001231)
"""Whole numbers from the first to the last may be dates, such as 20240131."""
LEVELS = 1000
"""A column that keeps fewer distinct values in training than that may lose its use."""


def report_column(values: pl.Series, kind: str, *notes: str) -> ColumnFacts:
    """Count a column's distinct and missing values, and join the remarks about it."""
    distinct, missing = values.drop_nulls().n_unique(), values.null_count()
    note = "; ".join(filter(None, notes))
    return ColumnFacts(values.name, kind, distinct, missing, note)


def oddity(values: pl.Series, targets: pl.DataFrame) -> str:
    """Say what a user should look at in a feature; empty if there is nothing."""
    distinct = values.drop_nulls().n_unique()
    if distinct < 2:
        return "constant" if distinct else "all missing"
    found = doubt(values)
    if distinct == len(values) > 20 and values.dtype.is_integer():
        unique = f"unique in each row: an identifier? {drop_override(values.name)}"
        return f"{unique}; {found}" if found else unique
    return found or leak(values, distinct, targets)


def doubt(values: pl.Series) -> str:
    """Say why numbers may not mean in training what they mean in the table."""
    if are_days(values):
        form = f"'data.date_format={{{values.name}: \"%Y%m%d\"}}'"
        return f"taken as numbers; if these are dates: {form}"
    return blur(values)


def are_days(values: pl.Series) -> bool:
    """Say whether numbers look like dates without separators, such as 20240131."""
    if not values.dtype.is_integer() or not values.is_between(DAYS[0], DAYS[1]).all():
        return False
    days = values.drop_nulls().unique().cast(pl.String)
    return days.str.to_date("%Y%m%d", strict=False).null_count() == 0


def blur(values: pl.Series) -> str:
    """Say whether numbers are too large for their differences to be seen in training.

    Half the digits of a number of seconds since 1970 get lost.
    """
    known = (in_days(values) if values.dtype in TIMES else values).drop_nulls()
    if not known.dtype.is_numeric() or known.is_empty():
        return ""
    is_double = torch.get_default_dtype() == torch.float64
    kept = known.cast(pl.Float64 if is_double else pl.Float32).n_unique()
    distinct = known.n_unique()
    if kept >= LEVELS or 2 * kept > distinct:
        return ""
    return (
        f"only {kept:,} of {distinct:,} values differ in training: subtract "
        f"{known.cast(pl.Float64).to_numpy().min():.17g} from all"
    )


def leak(values: pl.Series, distinct: int, targets: pl.DataFrame) -> str:
    """A warning that a column holds a target, by its values or by other names."""
    for target in targets:
        numbers = values.dtype.is_numeric() and target.dtype.is_numeric()
        if numbers and (values == target).all():
            return f"equals {target.name}: a leak? {drop_override(values.name)}"
        repeats = distinct <= len(values) / 2  # unlike an identifier
        if repeats and target.drop_nulls().n_unique() == distinct:
            pairs = pl.DataFrame({"value": values, "target": target}).drop_nulls()
            if pairs["value"].n_unique() == distinct == pairs.n_unique():
                return f"determines {target.name}: a leak? {drop_override(values.name)}"
    return ""
