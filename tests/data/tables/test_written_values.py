"""Numbers, dates and words as people write them: read right, said, or refused."""

from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
import torch

from litmlp.data.samples import Column
from litmlp.data.tables.column_kinds import read_feature
from litmlp.data.tables.raw_features import to_input
from litmlp.data.tables.read_column import Wording
from litmlp.errors import UserError


def read(values: list[str], **options: Any) -> tuple[list[float], Column, str]:
    """The numbers of a column, its description and the remarks."""
    wording = Wording(**options)
    column, found, notes = read_feature(pl.Series("x", values), None, wording)
    # A new file is read by the description alone.
    again = to_input(pl.Series("x", values), column)
    torch.testing.assert_close(to_input(found, column), again, equal_nan=True)
    return again.tolist(), column, "; ".join(notes)


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["1,234.50", "5", "12,000"], [1234.5, 5, 12000]),
        (["1,5", "2,25"], [1.5, 2.25]),
        (["0,125", "1,250"], [0.125, 1.25]),
        (["1.234,5", "7,25"], [1234.5, 7.25]),
        (["1.234.567", "5"], [1234567, 5]),
        (["1 234", "5"], [1234, 5]),
        (["1\u202f234,5", "5\u00a0000"], [1234.5, 5000]),
        (["1'234.5", "5"], [1234.5, 5]),
        (["1_000", "2_500"], [1000, 2500]),
        (["1,23,456", "78"], [123456, 78]),
        (["$5", "-$1,200.50", "($3)"], [5, -1200.5, -3]),
        (["5 €", "1.250,75 €"], [5, 1250.75]),
        (["CHF 5", "CHF 6.5"], [5, 6.5]),
        (["12%", "5.5 %"], [12, 5.5]),
        (["150 cm", "160.5cm"], [150, 160.5]),
        (["30 m²", "41 m²"], [30, 41]),
        (["10,000+", "50+"], [10000, 50]),
        (["\u22125", "\uff13.5"], [-5, 3.5]),
        (["(5.00)", "3"], [-5, 3]),
    ],
)
def test_a_written_number_is_read_and_said(
    values: list[str], numbers: list[float]
) -> None:
    found, column, note = read(values)
    assert found == numbers
    assert column.kind == "numeric"
    assert "is read as" in note


def test_a_comma_that_may_be_both_is_said_with_its_cure() -> None:
    found, _, note = read(["1,234", "5,678"])
    assert found == [1234, 5678]
    assert "'data.decimal=\",\"'" in note
    assert read(["1,234", "5,678"], decimal=",")[0] == [1.234, 5.678]
    assert read(["1.234", "5.678"], decimal=",")[0] == [1234, 5678]
    found, _, note = read(["1.234", "5.678"])
    assert found == [1.234, 5.678]
    assert "if they separate thousands: 'data.decimal=\",\"'" in note
    assert not read(["1.234", "5.67"])[2]


@pytest.mark.parametrize(
    ("values", "note"),
    [
        (["1", "2", "3", "more"], "taken as categories: 'more' among numbers"),
        (["19M", "201k"], "numbers with several units (M, k): taken as text"),
        (["$5", "7"], "numbers with several units (none, $): taken as text"),
        (["1.5", "1,5"], "numbers written in several ways, such as 1.5 and 1,5"),
        (["00501", "10001"], ""),
        (["Q1", "Q2"], ""),
        (["0-17", "18-25"], ""),
        (["<=50K", ">50K"], ""),
        (["2:1", "16:9"], ""),
        (["10.2.1", "11.0.3"], "numbers written in several ways"),
        (["1/2/2019", "1/2/19"], ""),
        (["a", "None"], "missing: 3 × 'None'; data.missing=[] keeps them"),
    ],
)
def test_other_words_are_categories(values: list[str], note: str) -> None:
    _, column, found = read(values * 3)
    assert column.kind == "categorical"
    assert found.startswith(note)
    assert bool(found) is bool(note)


@pytest.mark.parametrize(
    ("values", "second"),
    [
        (["02/01/2019", "13/01/2019"], date(2019, 1, 13)),
        (["02/01/2019", "01/13/2019"], date(2019, 1, 13)),
        (["2.1.2019", "13.1.2019"], date(2019, 1, 13)),
        (["Feb 1, 2019", "Sept. 13, 2019"], date(2019, 9, 13)),
        (["01-Feb-2019", "13-Jan-2019"], date(2019, 1, 13)),
        (["1 February 2019", "13 January 2019"], date(2019, 1, 13)),
        (["2015-01", "2019-02"], date(2019, 2, 1)),
        (["Jan 2015", "Feb 2019"], date(2019, 2, 1)),
        (["3/4/2024 3:05 PM", "3/14/2024 11:05 AM"], datetime(2024, 3, 14, 11, 5)),
        (["2024-01-01T10:00:00Z", "2024-01-02"], date(2024, 1, 2)),
        (["2024-01-01 10:00+02:00", "2024-01-02 10:00+01:00"], datetime(2024, 1, 2, 9)),
        (["Fri, 05 Jan 2024", "Sat, 06 Jan 2024"], date(2024, 1, 6)),
        (["1/2/19", "13/2/19"], date(2019, 2, 13)),
    ],
)
def test_a_date_is_read_in_the_order_that_fits_all_rows(
    values: list[str], second: date
) -> None:
    found, column, _ = read(values)
    assert column.kind == "datetime"
    moment = datetime(*second.timetuple()[:6])
    days = (moment - datetime(1970, 1, 1)) / timedelta(days=1)
    assert found[1] == pytest.approx(days)


def test_an_order_that_is_not_sure_is_said_and_can_be_set() -> None:
    values = ["02/01/2019", "03/01/2019"]
    found, _, note = read(values)
    assert found == [17898, 17899]  # 2 and 3 January
    assert note == (
        "read as %d/%m/%Y; if it is %m/%d/%Y: 'data.date_format=\"%m/%d/%Y\"'"
    )
    for given in ("%m/%d/%Y", {"x": "%m/%d/%Y"}):
        assert read(values, date_format=given)[0] == [17928, 17956]
    assert read(["20190102"], date_format={"x": "%Y%m%d"})[0] == [17898]
    with pytest.raises(UserError, match=r"'02/01/2019' is not of data\.date_format=%Y"):
        read(values, date_format={"x": "%Y-%m-%d"})


@pytest.mark.parametrize(
    ("values", "days"),
    [
        (["6:00", "18:00"], [0.25, 0.75]),
        (["6:00 AM", "6:00 PM"], [0.25, 0.75]),
    ],
)
def test_times_of_day_are_days_and_said(values: list[str], days: list[float]) -> None:
    found, _, note = read(values)
    assert found == pytest.approx(days)
    assert "day" in note


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ("1,234.5", "1.234,5"),
        ("$5", "5"),
        ("1,5", "1.5"),
        ("12%", "0.12"),
        ("13/01/2019", "01/14/2019"),
        ("18:00", "2019-01-01"),
    ],
)
def test_a_new_row_of_another_form_is_refused(value: str, wrong: str) -> None:
    _, column, _ = read([value])
    with pytest.raises(UserError, match=r"column x, row 1: .* was trained on"):
        to_input(pl.Series("x", [wrong]), column)


def test_missing_words_mean_the_same_in_text_and_numbers() -> None:
    for values in (["-999", "5", "-999.0"], [-999, 5, -999], [-999.0, 5.0, -999.0]):
        column, found, _ = read_feature(
            pl.Series("x", values), None, Wording(missing=["-999"])
        )
        assert to_input(found, column).isnan().tolist() == [True, False, True]
    column, *_ = read_feature(pl.Series("x", ["NA", "b"]), None, Wording(missing=[]))
    assert column.categories == ["NA", "b"]
