"""Tables in memory: the same samples as a file of the table gives."""

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import ROOT

from litmlp.data.frame import FrameData, from_pandas, to_polars
from litmlp.data.table import TableData

PEOPLE = ROOT / "tests" / "people.csv"
TABLE = pl.read_csv(PEOPLE, try_parse_dates=True)


@pytest.mark.parametrize("target", ["income", "city"])
def test_a_frame_gives_the_samples_of_its_file(target: str) -> None:
    in_file = TableData(path=str(PEOPLE), target=target, drop=["id"]).samples
    frame = FrameData(frame=TABLE, target=target, drop=["id"])
    for _ in range(2):  # to load it must leave the user's frame whole
        assert frame.load().digest == in_file.digest
    assert frame.samples.columns == in_file.columns
    assert frame.samples.class_names == in_file.class_names


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (np.array([[1, 2], [3, 4]]), {"x0": [1, 3], "x1": [2, 4]}),
        (np.array([["a", "1"], ["b", "2"]]), {"x0": ["a", "b"], "x1": ["1", "2"]}),
        (
            np.array([["a", 1.5], [np.nan, 2]], object),
            {"x0": ["a", None], "x1": [1.5, 2.0]},
        ),
        ([[1.0], [2.0]], {"x0": [1.0, 2.0]}),
        (
            np.array([["2020-01-02"], ["NaT"]], "datetime64[ns]"),
            {"x0": [datetime(2020, 1, 2), None]},
        ),
    ],
)
def test_arrays_become_columns_x0_x1(given: Any, expected: dict[str, Any]) -> None:
    assert to_polars(given).to_dict(as_series=False) == expected
    assert to_polars(TABLE) is TABLE


@pytest.mark.slow
def test_tables_of_pandas_and_arrow_become_the_same_columns() -> None:
    import pandas as pd
    import pyarrow as pa

    columns = {
        "size": pd.Series(["m", None, "s"], dtype="category"),
        "zip": pd.Series([7, 8, 7], dtype="category"),
        "city": pd.Series(["Rome", None, "Bern"], dtype="object"),
        "age": pd.Series([1, None, 3], dtype="Int64"),
        "height": pd.Series([1.5, None, 2.5]),
        "member": pd.Series([True, False, True]),
        "joined": pd.Series([datetime(2020, 1, 2), None, datetime(2020, 1, 3)]),
    }
    frame = to_polars(pd.DataFrame(columns))
    assert frame["size"].to_list() == ["m", None, "s"]
    assert frame["zip"].to_list() == ["7", "8", "7"]  # categories, not numbers
    assert frame["city"].to_list() == ["Rome", None, "Bern"]
    assert frame["age"].to_list() == [1, None, 3]
    assert frame["joined"].to_list() == [
        datetime(2020, 1, 2),
        None,
        datetime(2020, 1, 3),
    ]
    assert [frame[name].dtype.is_numeric() for name in ("age", "height")] == [True] * 2
    assert frame["member"].dtype == pl.Boolean
    assert to_polars(pa.table({"x": [1, 2]})).to_dict(as_series=False) == {"x": [1, 2]}
    assert from_pandas("x", pd.Series([None, None])).to_list() == [None, None]
