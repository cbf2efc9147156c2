"""Targets of a table as classes or values."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from litmlp.data.frame import FrameData
from litmlp.data.samples import Column
from litmlp.data.tables.read import open_source
from litmlp.data.tables.read_column import Wording
from litmlp.data.tables.targets import class_indices, read_again, read_target
from litmlp.data.tables.trained_model_rows import read_labelled
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
    message = f"target y, row {line - 1}: '{unknown}' is none of the model's classes: "
    with pytest.raises(UserError) as error:
        class_indices(pl.Series("y", values), class_names)
    assert str(error.value) == message + known


def test_numbers_mixed_with_text_are_no_target() -> None:
    mixed = pl.Series("y", ["1", "2", "x"])
    with pytest.raises(UserError, match=r"row 3: 'x' among numbers.*task=multiclass"):
        read_target(mixed, "auto", Wording())
    assert read_target(mixed, "multiclass", Wording()).values.equals(mixed)
    few = read_target(pl.Series("y", ["1", "2", "x"] * 3), "auto", Wording())
    assert few.notes == ["taken as classes: 'x' among numbers"]


def test_real_values_are_read_as_in_training() -> None:
    def read(*values: Any) -> list[Any]:
        target = Column(name="y", form="$1,234.5")
        return read_again(pl.Series("y", values), target, for_classes=False).to_list()

    assert read("$1,000", "$2.5", "") == [1e3, 2.5, None]
    assert read(1.0, float("nan"), None) == [1, None, None]
    for wrong in ("much", "5", "$1.000,5"):
        with pytest.raises(UserError, match=r"column y, row 2: .* written as"):
            read("$1", wrong)
    with pytest.raises(UserError, match="row 1: inf is beyond"):
        read(float("inf"))


def labelled(path: Path, **others: Any) -> Any:
    columns = [Column(name="x"), Column(name="c", kind="categorical", categories="ab")]
    targets = [Column(name=name) for name in others.pop("target_names")]
    return read_labelled(open_source(str(path)), columns, targets=targets, **others)


def test_rows_without_a_target_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,row,c,x,z\n01,5,a,1,6\n02,,b,2,7\n03,7,q,3,\n04,8,,4,9\n")
    rows = labelled(path, target_names=["row", "z"], class_names=[], kept=["id"])
    expected = torch.tensor([[1.0, 0.0], [4.0, torch.nan]])
    torch.testing.assert_close(rows.inputs, expected, equal_nan=True)
    assert rows.targets.tolist() == [[5, 6], [8, 9]]
    assert rows.kept.to_dict(as_series=False) == {"id": ["01", "04"]}
    assert rows.left_out == "2 rows without a target are left out"


def test_columns_of_lists_and_bytes_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table = {"y": [1, 2], "x": [1, 2], "c": ["a", "b"], "id": [7, 8]}
    pl.DataFrame(table | {"l": [[1], [2]], "b": [b"1", b"2"]}).write_parquet(path)
    classes, kept = ["1", "2"], ["l", "id", "b"]
    rows = labelled(path, target_names=["y"], class_names=classes, kept=kept)
    assert rows.kept.to_dict(as_series=False) == {"id": [7, 8]}
    assert rows.targets.tolist() == [0, 1]


def test_a_file_without_labels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    for rows, words in ((",a,1\nNA,b,2\n", "y has no values"), ("", "and no rows")):
        path.write_text("y,c,x\n" + rows)
        with pytest.raises(UserError, match=rf"t\.csv.*{words}"):
            labelled(path, target_names=["y"], class_names=["u", "v"])


def test_large_numbers_as_classes_are_exact_and_as_values_are_said() -> None:
    ids = pl.Series("y", [2**60 + i % 3 for i in range(30)])
    frame = pl.DataFrame({"x": range(30), "y": ids})
    for task, note in (("multiclass", ""), ("regression", "only 1 of 3 values")):
        samples = FrameData(frame=frame, target="y", task=task).samples
        assert samples.column_report[-1].note.startswith(note)
        assert bool(samples.column_report[-1].note) is bool(note)
    assert FrameData(frame=frame, target="y").samples.class_names[0] == str(2**60)
