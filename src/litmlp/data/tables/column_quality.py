"""A report about a table's columns, to be shown before training."""

from collections.abc import Sequence

import polars as pl

from litmlp.data.samples import ColumnFacts
from litmlp.data.tables.column_kinds import Feature, drop_override
from litmlp.data.tables.read_column import Wording, read_column
from litmlp.data.tables.targets import Target, describe_task


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
    targets: Sequence[Target], values: pl.DataFrame
) -> list[ColumnFacts]:
    """Count the targets' distinct and missing values, and note how they were read."""
    several = describe_task(values)
    return [
        ColumnFacts(
            column.name,
            "target",
            known.drop_nulls().n_unique(),
            known.null_count(),
            "; ".join([*notes, *[several] * bool(several)]),
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
    if distinct == len(values) > 20 and values.dtype.is_integer():
        return f"unique in each row: an identifier? {drop_override(values.name)}"
    return ""


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
