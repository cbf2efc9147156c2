"""A report about a table's columns, to be shown before training."""

import math
from collections.abc import Sequence

import polars as pl
import torch

from litmlp.data.samples import ColumnFacts
from litmlp.data.tables.column_kinds import TIMES, Feature, drop_override
from litmlp.data.tables.dates import in_days
from litmlp.data.tables.read_column import Wording, read_column
from litmlp.data.tables.targets import Target, describe_task

DAYS = (19000101, 21001231)
"""Whole numbers from the first to the last may be dates, such as 20240131."""
LEVELS = 1000
"""A column that keeps fewer distinct values in training than that may lose its use."""


def report_columns(
    features: Sequence[Feature], targets: pl.DataFrame
) -> list[ColumnFacts]:
    """Count each feature's distinct and missing values, and note what is odd."""
    report = []
    for column, values, notes in features:
        distinct = values.drop_nulls().n_unique()
        found = oddity(values, distinct) or leak(values, distinct, targets)
        note = "; ".join([*notes, *[found] * bool(found)])
        missing = values.null_count()
        report.append(ColumnFacts(column.name, column.kind, distinct, missing, note))
    return report


def report_targets(
    targets: Sequence[Target], values: pl.DataFrame, *, for_classes: bool
) -> list[ColumnFacts]:
    """Count the targets' distinct and missing values, and note how they were read."""
    several = "" if for_classes else describe_task(values)
    return [
        ColumnFacts(
            column.name,
            "target",
            known.drop_nulls().n_unique(),
            known.null_count(),
            "; ".join(
                filter(None, [*notes, several, doubt(known) * (not for_classes)])
            ),
        )
        for column, known, notes in targets
    ]


def report_time(
    table: pl.DataFrame, name: str | None, wording: Wording
) -> list[ColumnFacts]:
    """Report how the column was read that orders the rows; nothing without one."""
    if name is None:
        return []
    read = read_column(table[name], wording)
    distinct, missing = read.values.drop_nulls().n_unique(), read.values.null_count()
    return [ColumnFacts(name, "time", distinct, missing, "; ".join(read.notes))]


def oddity(values: pl.Series, distinct: int) -> str:
    """A note on values that a user should look at; empty if there are none."""
    if distinct == 0:
        return "all missing"
    if distinct == 1:
        return "constant"
    found = doubt(values)
    if distinct == len(values) > 20 and values.dtype.is_integer():
        unique = f"unique in each row: an identifier? {drop_override(values.name)}"
        return f"{unique}; {found}" if found else unique
    return found


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
    if values.dtype in TIMES:
        values = in_days(values)
    if not values.dtype.is_numeric() or values.null_count() == len(values):
        return ""
    known = values.drop_nulls().cast(pl.Float64).to_numpy()
    low, high = float(known.min()), float(known.max())
    kind = torch.finfo(torch.get_default_dtype())
    step = max(abs(low), abs(high)) * kind.eps + kind.smallest_normal * kind.eps
    kept = (high - low) / step
    distinct = (
        values.drop_nulls().n_unique() if kept < LEVELS else 0
    )  # counting takes time
    if distinct < 2 or kept >= distinct:
        return ""
    return (
        f"only about {kept + 1:,.0f} of {distinct:,} values differ in training, which "
        f"has {-math.log10(kind.eps):.0f} digits: subtract {low:.17g} from all"
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
