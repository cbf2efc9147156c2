"""A column with two readings is read as the other columns of its table must be."""

from typing import Any

import polars as pl
import pytest

from litmlp.data.frame import FrameData
from litmlp.data.samples import Samples

SURE_COMMA = ["1,5", "2,5"]
SURE_DAY, SURE_MONTH = ["25/02/2020", "01/02/2020"], ["02/25/2020", "01/02/2020"]
JANUARY, FEBRUARY = 18263, 18293  # 2 January and 1 February 2020

CASES = [
    (["1.234", "5.678"], SURE_COMMA, 1234, "as column other is"),
    (["1,234", "5,678"], SURE_COMMA, 1.234, "as column other is"),
    (["$1.234", "$5"], SURE_COMMA, 1234, "as column other is"),
    (["1.234", "5.6"], SURE_COMMA, 1.234, ""),
    (["0.234", "5.678"], SURE_COMMA, 0.234, ""),
    (["1.234", "5,5"], ["a", "b"], 1234, "1.234 is read as 1234"),
    (["1.234", "5,678"], ["a", "b"], 1.234, "'data.decimal=\",\"'"),
    (["1,234", "5,678"], ["1.5", "2.5"], 1234, "'data.decimal=\",\"'"),
    (["01/02/2020", "02/03/2020"], SURE_MONTH, JANUARY, "as column other is"),
    (["01/02/2020", "02/03/2020"], SURE_DAY, FEBRUARY, "read as %d/%m/%Y; if it"),
    (["01.02.20", "02.03.20"], SURE_MONTH, JANUARY, "as column other is"),
    (["01/02/2020 3:05 PM", "1/3/2020 1:00 AM"], SURE_MONTH, JANUARY, "as column"),
    (["01/02/2020", "02/03/2020"], ["a", "b"], FEBRUARY, "if it is %m/%d/%Y"),
]


def load(values: list[str], other: list[str], **options: Any) -> Samples:
    table = pl.DataFrame({"x": values * 4, "other": other * 4, "y": [0.5, 1.5] * 4})
    return FrameData(**{"frame": table, "target": "y"} | options).samples


@pytest.mark.parametrize(("values", "other", "first", "note"), CASES)
def test_the_other_column_settles_the_reading_and_it_is_said(
    values: list[str], other: list[str], first: float, note: str
) -> None:
    samples = load(values, other)
    assert int(samples.inputs[0, 0]) == int(first)
    assert samples.inputs[0, 0] == pytest.approx(first, rel=1e-4)
    (said,) = (f.note for f in samples.column_report if f.column == "x")
    assert note in said
    assert ("read as" in said) is bool(note)


@pytest.mark.parametrize("role", ["target", "time"])
def test_targets_and_times_are_settled_as_well(role: str) -> None:
    values = ["1.234", "5.678"] if role == "target" else ["01/02/2020", "02/03/2020"]
    other = SURE_COMMA if role == "target" else SURE_MONTH
    alone = {"drop": ["y"], "task": "regression"} if role == "target" else {}
    samples = load(values, other, **{role: "x"}, **alone)
    found = samples.targets if role == "target" else samples.times
    assert found is not None
    assert float(found.ravel()[0]) == (1234 if role == "target" else JANUARY)
    assert any("as column other is" in f.note for f in samples.column_report)


@pytest.mark.parametrize("decimal", [".", {"x": "."}])
def test_what_the_user_says_comes_first(decimal: Any) -> None:
    assert float(load(["1.234", "5.678"], SURE_COMMA, decimal=decimal).inputs[0, 0]) < 2
    given = {"x": "%d/%m/%Y"}
    dates = load(["01/02/2020", "02/03/2020"], SURE_MONTH, date_format=given)
    assert float(dates.inputs[0, 0]) == FEBRUARY
