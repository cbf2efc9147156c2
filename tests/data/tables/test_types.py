"""Every type of a file that stores types, in every role of a column."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from litmlp.data.table import TableData
from litmlp.data.tables.raw_features import to_inputs
from litmlp.data.tables.read import open_source, read_table
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


def table(folder: Path, column: pl.Series, **options: Any) -> TableData:
    columns = {
        "x": column,
        "w": [i / 7 for i in range(40)],
        "y": [1.5, 2.5, 3.5, 4.5] * 10,
    }
    pl.DataFrame(columns).write_parquet(folder / "t.parquet")
    options = {"target": "y"} | options
    return TableData(path=str(folder / "t.parquet"), **options)


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_type_is_read_in_every_role(kind: str, tmp_path: Path) -> None:
    column = COLUMNS[kind]
    samples = table(tmp_path, column).samples
    assert samples.inputs[:2, 0].tolist() == [0, 1]
    again = to_inputs(
        read_table(open_source(str(tmp_path / "t.parquet"))), samples.columns
    )
    assert again.equal(samples.inputs)
    as_target = table(tmp_path, column, target="x").samples
    assert as_target.targets[:2].tolist() == [0, 1]
    assert len(as_target.class_names) == 2
    assert table(tmp_path, column, group="x").samples.groups is not None
    as_time = table(tmp_path, column, time="x")
    if kind in ("Boolean", "Categorical", "Enum"):
        with pytest.raises(UserError, match="needs numbers, dates or times"):
            _ = as_time.samples
        return
    assert as_time.samples.times is not None
    assert as_time.samples.times[:2].tolist() == [0, 1]


@pytest.mark.parametrize("kind", ["List", "Struct", "Binary"])
@pytest.mark.parametrize("role", ["feature", "target", "group", "time"])
def test_other_types_are_refused_by_column(
    kind: str, role: str, tmp_path: Path
) -> None:
    options = {} if role == "feature" else {role: "x"}
    with pytest.raises(UserError, match=rf"t\.parquet: (column|target) x is {kind}"):
        _ = table(tmp_path, NO_COLUMNS[kind], **options).samples


def test_a_target_of_many_dates_is_refused(tmp_path: Path) -> None:
    days = pl.Series([datetime(2020, 1, 1) + timedelta(days=i) for i in range(40)])
    with pytest.raises(UserError, match="target x holds dates or times"):
        table(tmp_path, days, target="x").infer_task()


def test_several_targets_of_zero_and_one_are_said(tmp_path: Path) -> None:
    table(tmp_path, BITS)
    frame = pl.read_parquet(tmp_path / "t.parquet").with_columns(z=1 - BITS)
    frame.write_parquet(tmp_path / "t.parquet")
    read = TableData(path=str(tmp_path / "t.parquet"), target=["x", "z"])
    assert read.infer_task() == "regression"
    assert "0 and 1 are real values here" in read.samples.column_report[-1].note
    assert len(read.samples.column_report) == 4


def test_features_are_those_that_are_named(tmp_path: Path) -> None:
    frame = pl.DataFrame({"0": range(40), "1": range(40), "$x$": range(40)})
    frame = frame.with_columns(pl.Series("2", [0.5, 1.5] * 20))
    frame.write_csv(tmp_path / "t.csv")
    path = str(tmp_path / "t.csv")
    names = [c.name for c in TableData(path=path, target=2, drop=[0]).samples.columns]
    assert names == ["1", "$x$"]
    read = TableData(path=path, target=2, features=["$x$", 0])
    assert [column.name for column in read.samples.columns] == ["0", "$x$"]
    for features, words in (([2], "both data.target"), (["z"], "no column z")):
        with pytest.raises(UserError, match=words):
            _ = TableData(path=path, target=2, features=features).samples


def test_a_target_that_words_left_out_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    labels = ["None", "a", "b", "a"] * 10
    for kind in ("csv", "parquet"):
        frame = pl.DataFrame({"x": range(40), "y": labels})
        path = str(tmp_path / f"t.{kind}")
        frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
        samples = TableData(path=path, target="y").samples
        assert list(samples.class_names) == ["a", "b"]
        assert "10 rows without a target are left out: 10 × 'None'" in caplog.text
        caplog.clear()
        kept = TableData(path=path, target="y", missing=[]).samples
        assert list(kept.class_names) == ["None", "a", "b"]
