"""A report about a table's columns, to be shown before training."""

from collections.abc import Sequence

import polars as pl

from litmlp.data.samples import Column, ColumnFacts
from litmlp.data.tables.column_kinds import drop_override


def report_columns(
    table: pl.DataFrame, columns: Sequence[Column], targets: pl.DataFrame
) -> list[ColumnFacts]:
    """Count each column's distinct and missing values, and note what is odd."""
    report = []
    for column in columns:
        values = table[column.name]
        known = values.drop_nulls()
        if known.dtype.is_float():
            known = known.filter(known.is_finite())
        distinct, missing = known.n_unique(), len(values) - len(known)
        note = oddity(values, column, distinct) or leak(values, distinct, targets)
        report.append(ColumnFacts(column.name, column.kind, distinct, missing, note))
    return report


def oddity(values: pl.Series, column: Column, distinct: int) -> str:
    """A note on values that a user should look at; empty if there are none."""
    if values.dtype.is_float() and values.is_infinite().any():
        return "infinite values count as missing"
    if distinct == 0:
        return "all missing"
    if distinct == 1:
        return "constant"
    if distinct == len(values) > 20 and values.dtype.is_integer():
        return f"unique in each row: an identifier? {drop_override(column.name)}"
    if values.dtype == pl.String and column.kind != "categorical":
        return "stored as text"
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
