"""Tables: what is a feature, what is a target, and which task follows."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from litmlp.data.frame import FrameData
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


def table(columns: dict[str, list[Any]], target: Any, **options: Any) -> FrameData:
    frame = pl.DataFrame(columns, strict=False)
    return FrameData(frame=frame, target=target, **options)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_text_targets_are_classes_in_alphabetical_order(
    kind: str, tmp_path: Path
) -> None:
    frame, path = pl.DataFrame(COLUMNS), tmp_path / f"people.{kind}"
    frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
    samples = TableData(path=str(path), target="city", drop=["income"]).samples
    assert [c.name for c in samples.columns] == ["height", "age", "member"]
    torch.testing.assert_close(samples.inputs, torch.tensor(FEATURES))
    assert samples.class_names == ["Bern", "Oslo", "Rome"]
    assert samples.targets.tolist() == [2, 1, 2, 0]
    assert samples.target_names == ["city"]


def test_whole_numbers_are_classes_in_numerical_order() -> None:
    columns = {"x": [1.0, 2.0, 3.0, 4.0], "y": [10, 9, 2, 10]}
    samples = table(columns, "y").samples
    assert samples.class_names == ["2", "9", "10"]
    assert samples.targets.tolist() == [2, 1, 0, 2]
    real = table(columns, "y", task="regression").samples
    assert real.targets.tolist() == [[10.0], [9.0], [2.0], [10.0]]


def test_real_valued_targets_are_a_column() -> None:
    samples = table(COLUMNS, ["income", "age"], drop=["city"]).samples
    assert [c.name for c in samples.columns] == ["height", "member"]
    assert samples.target_names == ["income", "age"]
    assert samples.targets.tolist() == [[10.5, 30], [20, 40], [30.5, 50], [40, 60]]
    assert samples.targets.dtype == samples.inputs.dtype == torch.float32
    assert samples.class_names == []


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["yes", "no"] * 15, "binary"),
        ([0, 1] * 15, "binary"),
        ([True, False] * 15, "binary"),
        ([0.0, 1.0, float("nan")] * 10, "binary"),
        (["a", "b", "c"] * 10, "multiclass"),
        ([f"name {number}" for number in range(30)], "multiclass"),
        ([1.0, 2.0, 3.0] * 10, "multiclass"),
        (list(range(20)) + [0] * 10, "multiclass"),
        (list(range(30)), "regression"),
        ([0.5, 1.5, 2.5] * 10, "regression"),
        (["10", "9", "2"] * 10, "multiclass"),
        ([f"{i / 3}" for i in range(30)], "regression"),
    ],
)
def test_task_is_inferred_from_the_target(values: list[Any], task: str) -> None:
    data = table({"x": list(range(30)), "y": values}, "y")
    assert data.infer_task() == task
    assert bool(data.samples.class_names) is (task != "regression")


@pytest.mark.parametrize("word", ["", "NA", "nan", "null", "?"])
def test_missing_numbers_and_categories_are_nan(word: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"x,c,y\n1,a,0.5\n{word},b,1.5\n3,{word},2.5\n")
    samples = TableData(path=str(tmp_path / "t.csv"), target="y").samples
    assert [column.kind for column in samples.columns] == ["numeric", "categorical"]
    assert samples.inputs.isnan().tolist() == [[0, 0], [1, 0], [0, 1]]


def test_a_target_that_words_left_out_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frame = pl.DataFrame({"x": range(40), "y": ["None", "a", "b", "a"] * 10})
    for kind in ("csv", "parquet"):
        path = str(tmp_path / f"t.{kind}")
        frame.write_csv(path) if kind == "csv" else frame.write_parquet(path)
        samples = TableData(path=path, target="y").samples
        assert list(samples.class_names) == ["a", "b"]
        assert "10 rows without a target are left out: 10 × 'None'" in caplog.text
        caplog.clear()
        kept = TableData(path=path, target="y", missing=[]).samples
        assert list(kept.class_names) == ["None", "a", "b"]


def test_features_are_those_that_are_named() -> None:
    numbers = list(range(40))
    columns = {"0": numbers, "1": numbers, "$x$": numbers, "2": [0.5, 1.5] * 20}
    dropped = table(columns, 2, drop=[0]).samples.columns
    assert [column.name for column in dropped] == ["1", "$x$"]
    chosen = table(columns, 2, features=["$x$", 0]).samples.columns
    assert [column.name for column in chosen] == ["0", "$x$"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": "incme"}, r"no column incme. Did you mean income\?"),
        ({"target": "y", "task": "regression"}, "target y is String, and task=regr"),
        ({"target": ["age", "n"], "task": "multiclass"}, "multiclass takes one target"),
        ({"target": []}, "target is empty"),
        ({"target": "empty"}, "target empty has no values"),
        ({"target": "n"}, "target n is 5 in every row"),
        ({"target": "age", "drop": ["y", "n", "empty", "income"]}, "to be a feature"),
        ({"target": "age", "features": ["age"]}, r"both data\.target and data\.feat"),
        ({"target": "age", "features": ["z"]}, "no column z"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], words: str) -> None:
    age = {"age": [1.5, 2.5, 4.5], "income": [1.0, 2.0, 3.0], "n": [5, 5, 5]}
    columns = {**age, "y": ["a", "b", "a"], "empty": [None, None, None]}
    with pytest.raises(UserError, match=words):
        _ = table(columns, **options).samples
