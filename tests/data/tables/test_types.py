"""Every type of a file that stores types, in every role of a column."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from litmlp.data.frame import FrameData
from litmlp.data.tables.raw_features import to_inputs
from litmlp.errors import UserError

BITS = pl.Series([0, 1] * 20)
NUMBERS = (
    *(pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128, pl.UInt8, pl.UInt16),
    *(pl.UInt32, pl.UInt64, pl.Float32, pl.Float64, pl.Decimal(9, 2), pl.Boolean),
)
COLUMNS = {
    **{str(kind): BITS.cast(kind) for kind in NUMBERS},
    "text": BITS.cast(pl.String),
    "Categorical": BITS.cast(pl.String).cast(pl.Categorical),
    "Enum": BITS.cast(pl.String).cast(pl.Enum(["0", "1"])),
    "Date": BITS.cast(pl.Date),
    "Datetime": (BITS * 86_400_000).cast(pl.Int64).cast(pl.Datetime("ms")),
    "Duration": pl.Series([timedelta(days=bit) for bit in BITS]),
}
NO_COLUMNS = {
    "List": pl.Series([[1], [2]] * 20),
    "Struct": pl.Series([{"a": 1}, {"a": 2}] * 20),
    "Binary": pl.Series([b"0", b"1"] * 20),
}


def table(column: pl.Series, **options: Any) -> FrameData:
    others = {"w": [i / 7 for i in range(40)], "y": [1.5, 2.5, 3.5, 4.5] * 10}
    frame = pl.DataFrame({"x": column, **others})
    return FrameData(**{"frame": frame, "target": "y"} | options)


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_type_is_read_in_every_role(kind: str) -> None:
    column = COLUMNS[kind]
    data = table(column)
    assert data.samples.inputs[:2, 0].tolist() == [0, 1]
    again = to_inputs(data.frame, data.samples.columns)
    assert again.equal(data.samples.inputs)
    as_target = table(column, target="x").samples
    assert as_target.targets[:2].tolist() == [0, 1]
    assert len(as_target.class_names) == 2
    assert table(column, group="x").samples.groups is not None
    as_time = table(column, time="x")
    if kind in ("Boolean", "Categorical", "Enum"):
        with pytest.raises(UserError, match="needs numbers, dates or times"):
            _ = as_time.samples
        return
    assert as_time.samples.times is not None
    assert as_time.samples.times[:2].tolist() == [0, 1]


def test_a_file_of_text_holds_no_durations() -> None:
    columns = table(COLUMNS["Duration"]).samples.columns[:1]
    with pytest.raises(UserError, match=r"x is String.* trained on .* duration"):
        to_inputs(pl.DataFrame({"x": ["1 day, 0:00:00"]}), columns)


@pytest.mark.parametrize("kind", NO_COLUMNS)
@pytest.mark.parametrize("role", ["feature", "target", "group", "time"])
def test_other_types_are_refused_by_column(kind: str, role: str) -> None:
    options = {} if role == "feature" else {role: "x"}
    with pytest.raises(UserError, match=rf"table: (column|target) x is {kind}"):
        _ = table(NO_COLUMNS[kind], **options).samples


def test_a_target_of_many_dates_is_refused() -> None:
    days = pl.Series([datetime(2020, 1, 1) + timedelta(days=i) for i in range(40)])
    with pytest.raises(UserError, match="target x holds dates or times"):
        table(days, target="x").infer_task()
