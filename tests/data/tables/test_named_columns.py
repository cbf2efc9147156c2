"""Tables: reading, inference, and refusals."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from litmlp.data.table import TableData
from litmlp.errors import UserError

COLUMNS = {
    "height": [1.5, 1.6, 1.7, 1.8],
    "age": [30, 40, 50, 60],
    "member": [True, False, True, True],
    "income": [10.5, 20.0, 30.5, 40.0],
    "city": ["Rome", "Oslo", "Rome", "Bern"],
}
FEATURES = [[1.5, 30.0, 1.0], [1.6, 40.0, 0.0], [1.7, 50.0, 1.0], [1.8, 60.0, 1.0]]


def table(
    folder: Path, columns: dict[str, list[Any]], target: Any, **options: Any
) -> Any:
    path = folder / "people.csv"
    pl.DataFrame(columns, strict=False).write_csv(path)
    return TableData(path=str(path), target=target, **options)


def without(*names: str) -> dict[str, list[Any]]:
    return {name: COLUMNS[name] for name in COLUMNS if name not in names}


def test_text_targets_are_classes_in_alphabetical_order(tmp_path: Path) -> None:
    samples = table(tmp_path, without("income"), "city").samples
    assert [c.name for c in samples.columns] == ["height", "age", "member"]
    torch.testing.assert_close(samples.inputs, torch.tensor(FEATURES))
    assert samples.class_names == ["Bern", "Oslo", "Rome"]
    assert samples.targets.tolist() == [2, 1, 2, 0]
    assert samples.target_names == ["city"]


def test_whole_numbers_are_classes_in_numerical_order(tmp_path: Path) -> None:
    columns = {"x": [1.0, 2.0, 3.0, 4.0], "y": [10, 9, 2, 10]}
    samples = table(tmp_path, columns, "y").samples
    assert samples.class_names == ["2", "9", "10"]
    assert samples.targets.tolist() == [2, 1, 0, 2]
    real = table(tmp_path, columns, "y", task="regression").samples
    assert real.targets.tolist() == [[10.0], [9.0], [2.0], [10.0]]


def test_real_valued_targets_are_a_column(tmp_path: Path) -> None:
    samples = table(tmp_path, without("city"), ["income", "age"]).samples
    assert [c.name for c in samples.columns] == ["height", "member"]
    assert samples.target_names == ["income", "age"]
    assert samples.targets.tolist() == [[10.5, 30], [20, 40], [30.5, 50], [40, 60]]
    assert samples.targets.dtype == samples.inputs.dtype == torch.float32
    assert samples.class_names == []


def test_parquet_reads_as_csv_does(tmp_path: Path) -> None:
    from_csv = table(tmp_path, without("income"), "city").samples
    path = tmp_path / "people.parquet"
    pl.DataFrame(without("income")).write_parquet(path)
    from_parquet = TableData(path=str(path), target="city").samples
    assert torch.equal(from_csv.inputs, from_parquet.inputs)
    assert torch.equal(from_csv.targets, from_parquet.targets)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["yes", "no"] * 15, "binary"),
        ([0, 1] * 15, "binary"),
        ([True, False] * 15, "binary"),
        ([0.0, 1.0, float("nan")] * 10, "binary"),
        (["a", "b", "c"] * 10, "multiclass"),
        ([f"name {number}" for number in range(30)], "multiclass"),
        ([1, 2, 3] * 10, "multiclass"),
        ([1.0, 2.0, 3.0] * 10, "multiclass"),
        (list(range(20)) + [0] * 10, "multiclass"),
        (list(range(30)), "regression"),
        ([0.5, 1.5, 2.5] * 10, "regression"),
        (["10", "9", "2"] * 10, "multiclass"),
        ([f"{i / 3}" for i in range(30)], "regression"),
    ],
)
def test_task_is_inferred_from_the_target(
    values: list[Any], task: str, tmp_path: Path
) -> None:
    data = table(tmp_path, {"x": list(range(30)), "y": values}, "y")
    assert data.infer_task() == task
    assert bool(data.samples.class_names) is (task != "regression")


def test_missing_files_and_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.csv: no such file"):
        _ = TableData(path="nowhere.csv", target="y").samples
    with pytest.raises(UserError, match=r"no column incme. Did you mean income\?"):
        _ = table(tmp_path, without("city"), "incme").samples


def test_times_are_days(tmp_path: Path) -> None:
    columns = {"day": ["1970-01-02", "2000-03-01", None], "y": [0.5, 1.5, 2.5]}
    samples = table(tmp_path, columns, "y").samples
    assert samples.columns[0].kind == "datetime"
    assert samples.inputs[:2, 0].tolist() == [1, 11017]
    assert samples.inputs[2, 0].isnan()


@pytest.mark.parametrize("word", ["", "NA", "nan", "null", "?"])
def test_missing_numbers_and_categories_are_nan(word: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"x,c,y\n1,a,0.5\n{word},b,1.5\n3,{word},2.5\n")
    samples = TableData(path=str(tmp_path / "t.csv"), target="y").samples
    assert [column.kind for column in samples.columns] == ["numeric", "categorical"]
    assert samples.inputs.isnan().tolist() == [[0, 0], [1, 0], [0, 1]]


def test_text_is_no_target_of_a_regression(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="target city is String, and task=regression"):
        _ = table(tmp_path, without("income"), "city", task="regression").samples


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_rows_without_a_target_are_left_out_and_counted(
    missing: float | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    columns = {"x": [1.5, 2.5, 3.5], "y": [0.1, missing, 0.4]}
    samples = table(tmp_path, columns, "y").samples
    assert samples.inputs[:, 0].tolist() == [1.5, 3.5]
    assert "1 rows without a target are left out" in caplog.text


FAULTS = {
    "": "is empty: it needs a header and rows",
    "a,y\n": "has a header and no rows",
    "a,a,y\n1,2,3\n": "column a is there twice",
    "a,y\n1,2\n1,2,3\n": "line 3: 3 fields, and the header has 2",
    "a,b,y\n1,2,3\n\n1,2\n": "line 4: 2 fields, and the header has 3",
    'a,y\n"1,2\n3,4\n': "line 2: 1 fields, and the header has 2",
    "a,y\n1,\n2,\n": "target y has no values",
    "a,y\n1,5\n2,5\n": "target y is 5 in every row",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_faulty_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=FAULTS[text]) as refusal:
        _ = TableData(path=str(path), target="y").samples
    assert str(path) in str(refusal.value)


def test_another_encoding_is_refused_and_a_byte_order_mark_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("ä,y\n1,2\n".encode("latin-1"))
    with pytest.raises(UserError, match="line 1 is not UTF-8"):
        _ = TableData(path=str(path), target="y").samples
    path.write_bytes("x,y\n1,2\nä,3\n".encode("latin-1"))
    with pytest.raises(UserError, match="line 3 is not UTF-8"):
        _ = TableData(path=str(path), target="y").samples
    path.write_bytes("ä,y\n1,2\n2,3\n".encode("utf-8-sig"))
    assert TableData(path=str(path), target="y").samples.columns[0].name == "ä"


def test_a_parquet_file_that_polars_panics_at_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    columns = {"x": [i / 7 for i in range(40)], "c": ["a", "b"] * 20, "y": [0, 1] * 20}
    pl.DataFrame(columns).write_parquet(path)
    content = bytearray(path.read_bytes())
    content[16] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"t\.parquet cannot be read"):
        _ = TableData(path=str(path), target="y").samples


def test_a_table_without_features_or_a_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="feature"):
        _ = table(tmp_path, {"y": [1.5, 2.5, 4.5]}, "y").samples
    with pytest.raises(UserError, match="target is empty"):
        _ = table(tmp_path, without("city"), []).samples
    two = ["age", "member"]
    with pytest.raises(UserError, match="task=multiclass takes one target"):
        _ = table(tmp_path, without("city"), two, task="multiclass").samples
