"""The report about a table's columns."""

from typing import Any

import polars as pl
import pytest

from litmlp.data.tables.column_kinds import describe_columns
from litmlp.data.tables.column_quality import report_columns

Y = [0.5, 1.5, 2.5, 4.5]


def note(values: list[Any], name: str = "x") -> str:
    """The note on a column of 40 rows beside a target."""
    table = pl.DataFrame({name: (values * 40)[:40]}, strict=False)
    target = pl.DataFrame({"y": Y * 10})
    ((*_, found),) = report_columns(table, describe_columns(table), target)
    return found


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([str(i) for i in range(40)], "stored as text"),
        (Y, "equals y: a leak? data.drop=[x]"),
        ([7.5, 1.5, 3.5, 2.5], "determines y: a leak? data.drop=[x]"),
        (["d", "a", "c", "b"], "determines y: a leak? data.drop=[x]"),
        ([7, 1, 3, 3], ""),
        ([float("inf")], "infinite values count as missing"),
        ([float("nan")], "all missing"),
        ([None], "all missing"),
        ([1], "constant"),
        (list(range(40)), "unique in each row: an identifier? data.drop=[x]"),
    ],
)
def test_odd_columns_get_a_note(values: list[Any], expected: str) -> None:
    assert note(values) == expected


def test_distinct_and_missing_values_are_counted() -> None:
    table = pl.DataFrame({"x": [1.5, float("inf"), None, 1.5, 2.5]})
    report = report_columns(table, describe_columns(table), pl.DataFrame({"y": Y[:1]}))
    assert report[0][:4] == ("x", "numeric", 2, 2)


@pytest.mark.parametrize("name", ["", "my id"])
def test_advice_can_be_typed(name: str) -> None:
    assert f"'data.drop=[\"{name}\"]'" in note(list(range(40)), name)
