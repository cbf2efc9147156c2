"""What was made of a table's columns, shown before training."""

from collections.abc import Sequence

import polars as pl
import torch

from litmlp.data.samples import Column, ColumnFacts
from litmlp.data.tables.column_kinds import dropping


def report_columns(
    table: pl.DataFrame, columns: Sequence[Column], targets: pl.DataFrame
) -> list[ColumnFacts]:
    """Kind, distinct and missing values of each column, and what to look at."""
    report = []
    for column in columns:
        values = table[column.name]
        known = values.drop_nulls()
        if known.dtype.is_float():
            known = known.filter(known.is_finite())
        distinct = known.n_unique()
        note = remark(values, column, distinct) or leak(values, distinct, targets)
        missing = len(values) - len(known)
        report.append(ColumnFacts(column.name, column.kind, distinct, missing, note))
    return report


def remark(values: pl.Series, column: Column, distinct: int) -> str:
    """What is odd about a column, if anything."""
    if values.dtype.is_float() and values.is_infinite().any():
        return "infinite values count as missing"
    if distinct == 0:
        return "all missing"
    if distinct == 1:
        huge = values.dtype.is_numeric() and (values.abs() > 2**53).any()
        return "constant in its first 16 digits" if huge else "constant"
    if distinct == len(values) > 20 and values.dtype.is_integer():
        return f"unique in each row: an identifier? {dropping(column.name)}"
    if fewer := left_in_float(values, distinct):
        return f"large numbers: {fewer:,} can be told apart: subtract an offset"
    if values.dtype == pl.String and column.kind != "categorical":
        return "stored as text"
    return ""


def left_in_float(values: pl.Series, distinct: int) -> int:
    """Distinct values as the network sees them, if much fewer; otherwise 0."""
    if not values.dtype.is_numeric() or not (values.abs() > 2**24).any():
        return 0
    exact = torch.get_default_dtype() == torch.float64
    left = values.drop_nulls().cast(pl.Float64 if exact else pl.Float32).n_unique()
    return left if left < 0.9 * distinct else 0


def leak(values: pl.Series, distinct: int, targets: pl.DataFrame) -> str:
    """A warning of a column that holds a target, by its values or by other names."""
    for target in targets:
        numbers = values.dtype.is_numeric() and target.dtype.is_numeric()
        if numbers and (values == target).all():
            return f"equals {target.name}: a leak? {dropping(values.name)}"
        repeated = distinct <= len(values) / 2  # else it is as good as an identifier
        if repeated and is_one_to_one(values, target, distinct):
            return f"determines {target.name}: a leak? {dropping(values.name)}"
    return ""


def is_one_to_one(values: pl.Series, target: pl.Series, distinct: int) -> bool:
    """Whether each value stands beside one target, and each target beside one value."""
    if target.drop_nulls().n_unique() != distinct:
        return False
    pairs = pl.DataFrame({"value": values, "target": target}).drop_nulls()
    return pairs["value"].n_unique() == distinct == pairs.n_unique()
