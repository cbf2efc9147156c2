"""The report about a table's columns."""

from typing import Any

import polars as pl
import pytest

from litmlp.data.tables.column_kinds import read_feature
from litmlp.data.tables.column_quality import oddity, report_column
from litmlp.data.tables.read_column import Wording

Y = [0.5, 1.5, 2.5, 4.5]


def note(values: list[Any]) -> str:
    """The note on a column of 40 rows beside a target."""
    column = pl.Series("x", (values * 40)[:40], strict=False)
    feature = read_feature(column, None, Wording())
    return oddity(feature.values, pl.DataFrame({"y": Y * 10}))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (Y, "equals y: a leak? 'data.drop=[\"x\"]'"),
        ([7.5, 1.5, 3.5, 2.5], "determines y: a leak? 'data.drop=[\"x\"]'"),
        (["d", "a", "c", "b"], "determines y: a leak? 'data.drop=[\"x\"]'"),
        ([7, 1, 3, 3], ""),
        ([float("nan")], "all missing"),
        ([None], "all missing"),
        ([1], "constant"),
        (list(range(40)), "unique in each row: an identifier? 'data.drop=[\"x\"]'"),
        (
            [20240131, 20240201],
            "taken as numbers; if these are dates: 'data.date_format={x: \"%Y%m%d\"}'",
        ),
        ([20240131, 20240232], ""),
        (
            [1_700_000_000 + i for i in range(40)],
            "unique in each row: an identifier? 'data.drop=[\"x\"]'; only 1 of 40 "
            "values differ in training: subtract 1700000000 from all",
        ),
        ([1e-50 * i for i in range(1, 41)], "only 1 of 40 values differ in"),
        ([1e6 + i for i in range(40)], ""),
        ([0.0, 1e-30], ""),
    ],
)
def test_odd_columns_get_a_note(values: list[Any], expected: str) -> None:
    assert note(values).startswith(expected)
    assert bool(note(values)) is bool(expected)


def test_distinct_and_missing_values_are_counted() -> None:
    column = pl.Series("x", ["1.5", "NA", " ", None, "1.50", "2.5"])
    feature = read_feature(column, None, Wording())
    facts = report_column(feature.values, "numeric", "odd")
    assert facts == ("x", "numeric", 2, 3, "odd")
