"""The report about a table's columns."""

from typing import Any

import polars as pl
import pytest

from litmlp.data.tables.column_kinds import read_feature
from litmlp.data.tables.column_quality import report_columns
from litmlp.data.tables.read_column import Wording

Y = [0.5, 1.5, 2.5, 4.5]


def note(values: list[Any], name: str = "x") -> str:
    """The note on a column of 40 rows beside a target."""
    column = pl.Series(name, (values * 40)[:40], strict=False)
    target = pl.DataFrame({"y": Y * 10})
    feature = read_feature(column, None, Wording())
    ((*_, found),) = report_columns([feature], target)
    return found


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (Y, "equals y: a leak? data.drop=[x]"),
        ([7.5, 1.5, 3.5, 2.5], "determines y: a leak? data.drop=[x]"),
        (["d", "a", "c", "b"], "determines y: a leak? data.drop=[x]"),
        ([7, 1, 3, 3], ""),
        ([float("nan")], "all missing"),
        ([None], "all missing"),
        ([1], "constant"),
        (list(range(40)), "unique in each row: an identifier? data.drop=[x]"),
        (
            [20240131, 20240201],
            "taken as numbers; if these are dates: 'data.date_format={x: \"%Y%m%d\"}'",
        ),
        ([20240131, 20240232], ""),
        (
            [1_700_000_000 + i for i in range(40)],
            "unique in each row: an identifier? data.drop=[x]; only about 1 of 40 "
            "values differ in training, which has 7 digits: subtract 1700000000",
        ),
        ([1e-50 * i for i in range(1, 41)], "only about 1 of 40 values differ in"),
        ([1e6 + i for i in range(40)], ""),
        ([0.0, 1e-30], ""),
    ],
)
def test_odd_columns_get_a_note(values: list[Any], expected: str) -> None:
    assert note(values).startswith(expected)
    assert bool(note(values)) is bool(expected)


def test_distinct_and_missing_values_are_counted() -> None:
    column = pl.Series("x", ["1.5", "NA", " ", None, "1.50", "2.5"])
    report = report_columns(
        [read_feature(column, None, Wording())], pl.DataFrame({"y": Y[:1]})
    )
    assert report[0][:4] == ("x", "numeric", 2, 3)


@pytest.mark.parametrize("name", ["", "my id"])
def test_advice_can_be_typed(name: str) -> None:
    assert f"'data.drop=[\"{name}\"]'" in note(list(range(40)), name)
