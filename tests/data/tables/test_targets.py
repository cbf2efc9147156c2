"""Targets of a table as classes or values."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from litmlp.data.samples import Column
from litmlp.data.tables.labelled_rows import as_real_values, read_labelled
from litmlp.data.tables.targets import class_indices, read_targets
from litmlp.errors import UserError


@pytest.mark.parametrize(
    ("values", "class_names", "indices"),
    [
        (["b", "a", None], ["a", "b"], [1, 0, None]),
        ([2, 1, None], ["1", "2"], [1, 0, None]),
        (["2", "01"], ["1", "2"], [1, 0]),
        ([2.0, 1.0, float("nan")], ["1", "2"], [1, 0, None]),
        (["2.0", "1"], ["1", "2"], [1, 0]),
        ([1, 2], ["1.0", "2.0"], [0, 1]),
        ([True, False, None], ["false", "true"], [1, 0, None]),
        (["True", "FALSE", "true"], ["false", "true"], [1, 0, 1]),
        ([1, 0], ["false", "true"], [1, 0]),
        (["01", "1", "2.0"], ["01", "1", "2"], [0, 1, 2]),
        ([2**60 + 1], [str(2**60), str(2**60 + 1)], [1]),
        ([date(2020, 3, 1)], ["2020-03-01", "2021-03-01"], [0]),
        (pl.Series(["b", "a"], dtype=pl.Categorical), ["a", "b"], [1, 0]),
        (pl.Series(["b", "a"], dtype=pl.Enum(["b", "a"])), ["a", "b"], [1, 0]),
    ],
)
def test_values_are_classes_by_text_or_by_number(
    values: list[Any], class_names: list[str], indices: list[int | None]
) -> None:
    assert class_indices(pl.Series("y", values), class_names).to_list() == indices


@pytest.mark.parametrize(
    ("values", "class_names", "line", "unknown"),
    [
        (["a", None, "c", "c"], ["a", "b"], 4, "c"),
        ([1, 2, 3], ["1", "2"], 4, "3"),
        (["1", "what"], ["1", "2", "other"], 3, "what"),
        (["1.0"], ["01", "1"], 2, "1.0"),  # which of the two?
    ],
)
def test_a_value_that_is_no_class_is_named_with_its_line(
    values: list[Any], class_names: list[str], line: int, unknown: str
) -> None:
    known = ", ".join(class_names)
    message = f"target y, line {line}: '{unknown}' is none of the model's classes: "
    with pytest.raises(UserError) as error:
        class_indices(pl.Series("y", values), class_names)
    assert str(error.value) == message + known


def test_numbers_mixed_with_text_are_no_target() -> None:
    table = pl.DataFrame({"y": ["1", "2", "x"]})
    with pytest.raises(UserError, match=r"line 4: 'x' among numbers.*task=multiclass"):
        read_targets(table, ["y"], "auto")
    assert read_targets(table, ["y"], "multiclass").equals(table)


def test_as_real_values_are_finite_or_missing() -> None:
    text = pl.Series("y", ["1", "2.5", "inf", None])
    assert as_real_values(text).to_list() == [1.0, 2.5, None, None]
    numbers = pl.Series("y", [1.0, float("inf"), float("nan"), None])
    assert as_real_values(numbers).to_list() == [1.0, None, None, None]
    with pytest.raises(UserError, match=r"column y, line 3: 'much'"):
        as_real_values(pl.Series("y", ["1", "much"]))


def labelled(path: Path, **others: Any) -> Any:
    columns = [Column(name="x"), Column(name="c", kind="categorical", categories="ab")]
    return read_labelled(str(path), columns, **others)


def test_rows_without_a_target_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,y,c,x,z\n01,5,a,1,6\n02,,b,2,7\n03,7,q,3,\n04,8,,4,9\n")
    rows = labelled(path, target_names=["y", "z"], class_names=[], kept=["id"])
    expected = torch.tensor([[1.0, 0.0], [4.0, torch.nan]])
    torch.testing.assert_close(rows.inputs, expected, equal_nan=True)
    assert rows.targets.tolist() == [[5, 6], [8, 9]]
    assert rows.kept.to_dict(as_series=False) == {"id": ["01", "04"]}
    assert rows.lines.to_list() == [2, 5]
    assert rows.num_unlabelled == 2


def test_columns_of_lists_and_bytes_are_not_kept(tmp_path: Path) -> None:
    table = {"y": [1, 2], "x": [1, 2], "c": ["a", "b"], "id": [7, 8]}
    others = {"list": [[1], [2]], "bytes": [b"1", b"2"]}
    pl.DataFrame(table | others).write_parquet(tmp_path / "t.parquet")
    rows = labelled(
        tmp_path / "t.parquet",
        target_names=["y"],
        class_names=["1", "2"],
        kept=["list", "id", "bytes"],
    )
    assert rows.kept.to_dict(as_series=False) == {"id": [7, 8]}
    assert rows.targets.tolist() == [0, 1]


def test_a_file_without_labels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("y,c,x\n,a,1\nNA,b,2\n")
    with pytest.raises(UserError, match=r"t\.csv: target y has no values"):
        labelled(path, target_names=["y"], class_names=["u", "v"])
    path.write_text("y,c,x\n")
    with pytest.raises(UserError, match="has a header and no rows"):
        labelled(path, target_names=["y"], class_names=["u", "v"])
