"""Tables of one's own: what is read, what is inferred, what is refused."""

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
    assert samples.feature_names == ["height", "age", "member"]
    torch.testing.assert_close(samples.inputs, torch.tensor(FEATURES))
    assert samples.class_names == ["Bern", "Oslo", "Rome"]
    assert samples.targets.tolist() == [2, 1, 2, 0]
    assert samples.target_names == ["city"]


def test_real_valued_targets_are_a_column(tmp_path: Path) -> None:
    samples = table(tmp_path, without("city"), "income", task="regression").samples
    assert samples.targets.tolist() == [[10.5], [20.0], [30.5], [40.0]]
    assert samples.targets.dtype == samples.inputs.dtype == torch.float32
    assert samples.class_names == []


def test_several_targets_are_columns_in_the_order_asked_for(tmp_path: Path) -> None:
    samples = table(tmp_path, without("city"), ["income", "age"]).samples
    assert samples.feature_names == ["height", "member"]
    assert samples.target_names == ["income", "age"]
    assert samples.targets.tolist() == [[10.5, 30], [20, 40], [30.5, 50], [40, 60]]


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
        (["a", "b", "c"] * 10, "multiclass"),
        ([f"name {number}" for number in range(30)], "multiclass"),
        ([1, 2, 3] * 10, "multiclass"),
        ([1.0, 2.0, 3.0] * 10, "multiclass"),
        (list(range(20)) + [0] * 10, "multiclass"),
        (list(range(30)), "regression"),
        ([0.5, 1.5, 2.5] * 10, "regression"),
    ],
)
def test_task_is_inferred_from_the_target(
    values: list[Any], task: str, tmp_path: Path
) -> None:
    data = table(tmp_path, {"x": list(range(30)), "y": values}, "y")
    assert data.infer_task() == task
    assert bool(data.samples.class_names) is (task != "regression")


def test_an_explicit_task_wins_over_the_inferred_one(tmp_path: Path) -> None:
    columns = {"x": [1.0, 2.0, 3.0], "y": [1, 2, 3]}
    assert table(tmp_path, columns, "y").samples.class_names == ["1", "2", "3"]
    real = table(tmp_path, columns, "y", task="regression").samples
    assert real.targets.tolist() == [[1.0], [2.0], [3.0]]


def test_whole_numbers_are_classes_in_numerical_order(tmp_path: Path) -> None:
    columns = {"x": [1.0, 2.0, 3.0, 4.0], "y": [10, 9, 2, 10]}
    samples = table(tmp_path, columns, "y").samples
    assert samples.class_names == ["2", "9", "10"]
    assert samples.targets.tolist() == [2, 1, 0, 2]


def test_missing_files_and_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"path=nowhere\.csv: no such file"):
        TableData(path="nowhere.csv", target="y")
    with pytest.raises(UserError, match=r"no column incme. Did you mean income\?"):
        _ = table(tmp_path, without("city"), "incme").samples


def test_text_features_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="column city is String, and features must be"):
        _ = table(tmp_path, COLUMNS, "income").samples


def test_text_is_no_target_of_a_regression(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="target city is String, and task=regression"):
        _ = table(tmp_path, without("income"), "city", task="regression").samples


@pytest.mark.parametrize("missing", [None, float("nan")])
@pytest.mark.parametrize("column", ["x", "y"])
def test_missing_values_are_refused(
    missing: float | None, column: str, tmp_path: Path
) -> None:
    columns: dict[str, list[Any]] = {"x": [0.5, 1.5, 3.5], "y": [0.1, 0.2, 0.4]}
    columns[column][1] = missing
    with pytest.raises(UserError, match=rf"column {column} lacks 1 value"):
        _ = table(tmp_path, columns, "y").samples


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    for name in ("empty.csv", "not.parquet"):
        path = tmp_path / name
        path.write_text("" if name == "empty.csv" else "text")
        with pytest.raises(UserError, match=rf"{name}: cannot be read"):
            _ = TableData(path=str(path), target="y").samples


def test_a_table_without_features_or_a_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="feature"):
        _ = table(tmp_path, {"y": [1.5, 2.5, 4.5]}, "y").samples
    with pytest.raises(UserError, match="target"):
        _ = table(tmp_path, without("city"), []).samples


def test_several_targets_are_no_classes(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="target"):
        _ = table(
            tmp_path, without("city"), ["age", "member"], task="multiclass"
        ).samples
