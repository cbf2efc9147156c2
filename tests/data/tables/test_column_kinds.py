"""Kinds of columns: inferred from the values, set by the user, or refused."""

import shlex
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from litmlp.data.samples import Kind
from litmlp.data.table import TableData
from litmlp.data.tables.column_kinds import (
    as_text,
    drop_override,
    kind_override,
    kinds_by_name,
    read_feature,
)
from litmlp.data.tables.raw_features import to_inputs
from litmlp.data.tables.read_column import Wording
from litmlp.errors import UserError

Y = [0.5, 1.5, 2.5, 4.5] * 10


def table(folder: Path, kind: str = "csv", **columns: list[Any]) -> Path:
    path = folder / f"t.{kind}"
    values = pl.DataFrame({name: (c * 40)[:40] for name, c in columns.items()})
    values = values.with_columns(y=pl.Series(Y))
    values.write_csv(path) if kind == "csv" else values.write_parquet(path)
    return path


def data(path: Path, **options: Any) -> TableData:
    return TableData(path=str(path), target="y", **options)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2.5", " 3", None], "numeric"),
        (["1", "-2", "1e5"], "numeric"),
        (["true", "False"], "boolean"),
        (["007", "010"], "categorical"),
        (["2024-01-01", "2024-02-01", None], "datetime"),
        (["a", "b", "1"], "categorical"),
        (["a", "b", "2024-02-01"], "categorical"),
        ([1, 2], "numeric"),
        ([True, None], "boolean"),
        ([None, None], "numeric"),
        (["1", str(2**64), "9" * 36], "numeric"),
    ],
)
def test_text_of_numbers_and_times_is_recognized(values: list[Any], kind: Kind) -> None:
    assert read_feature(pl.Series("x", values), None, Wording()).column.kind == kind


def to_inputs_of(values: list[Any]) -> None:
    feature = read_feature(pl.Series("x", values), None, Wording())
    to_inputs(feature.values.to_frame(), [feature.column])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1", "2", None, "3", "oops"], r"column x, row 5: 'oops' among numbers"),
        (["2024-01-01", "2024-01-02", "no"], r"column x, row 3: 'no' among times"),
        (["1", "inf"], r"column x, row 2: inf is beyond"),
        (["1", "1e300"], r"column x, row 2: 1e\+300 is beyond 3.4e\+38"),
        ([f"note {i}" for i in range(30)], r"x is free text.*data\.drop="),
        ([f"note {i}" for i in range(10_000)] * 3, r"10,000 distinct values in 30,000"),
        ([[1], [2]], "x is List.*data.drop="),
    ],
)
def test_text_and_lists_are_no_features(values: list[Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        to_inputs_of(values)


def test_a_mixed_column_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    numbers = list(map(str, range(1, 40)))
    path = table(tmp_path, x=[*numbers[:4], "n.a.", *numbers[4:]])
    words = r"t\.csv: column x, line 6: 'n\.a\.' among numbers.*'data\.kinds=\{cat"
    with pytest.raises(UserError, match=words):
        _ = data(path).samples
    samples = data(path, kinds={"x": "categorical"}).samples
    assert "n.a." in samples.columns[0].categories


def test_codes_keep_their_zeros_as_categories(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("zip,y\n02139,0.5\n2139,1.5\n94110,2.5\n")
    (zips,) = data(path).samples.columns
    assert (zips.kind, zips.categories) == ("categorical", ["02139", "2139", "94110"])
    numbers = data(path, kinds={"zip": "numeric"}).samples
    assert numbers.inputs[:, 0].tolist() == [2139, 2139, 94110]


def test_whole_numbers_are_one_category_in_any_type() -> None:
    texts = as_text(pl.Series([1.0, 2.5, None, float("nan")])).to_list()
    assert texts == ["1", "2.5", None, None]
    assert as_text(pl.Series([1, 2])).to_list() == ["1", "2"]
    assert as_text(pl.Series([True, False])).to_list() == ["true", "false"]


@pytest.mark.parametrize(
    ("values", "kind", "inputs"),
    [
        ([3, 1, 3, 20], "categorical", [1, 0, 1, 2]),
        ([True, False], "numeric", [1, 0]),
        ([1, 0], "boolean", [1, 0]),
        (["5", "6"], "numeric", [5, 6]),
        (["1970-01-02", "1970-01-03"], "datetime", [1, 2]),
    ],
)
def test_a_kind_that_the_user_sets_wins(
    values: list[Any], kind: Kind, inputs: list[float], tmp_path: Path
) -> None:
    path = table(tmp_path, "parquet", x=values)
    samples = data(path, kinds={"x": kind}).samples
    assert samples.columns[0].kind == kind
    found = samples.inputs[: len(inputs), 0].tolist()
    codes = samples.columns[0].categories
    assert found == ([codes.index(str(v)) for v in values] if codes else inputs)
    again = to_inputs(pl.read_parquet(path), samples.columns)
    assert again.equal(samples.inputs)


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        (
            {"x": "category"},
            r"\{category: \[.x.\]\}': no such kind\. Did you mean categor",
        ),
        ({"z": "numeric"}, r"t\.csv: data\.kinds: no feature z"),
        ({"y": "categorical"}, r"t\.csv: data\.kinds: no feature y"),
        ({"x": "numeric"}, r"column x, line 2: 'a', and 'data\.kinds=\{numeric"),
        ({"n": "boolean"}, "column n is Int64"),
        ({"n": "datetime"}, "column n is Int64"),
        ({"day": "numeric"}, "column day is Datetime"),
    ],
)
def test_an_impossible_kind_is_refused(
    kinds: dict[str, str], message: str, tmp_path: Path
) -> None:
    path = table(tmp_path, x=["a", "b"], n=[1, 2], day=["2024-01-01", "2024-01-02"])
    with pytest.raises(UserError, match=message):
        _ = data(path, kinds=kinds).samples


def test_a_column_without_values_is_of_no_kind(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,z,y\n" + ",NaN,0.5\nNA,,1.5\n" * 20)
    for kinds in (None, {"x": "categorical"}):
        read = data(path, kinds=kinds)
        assert [column.kind for column in read.samples.columns] == ["numeric"] * 2
        assert read.split_features["train"].isfinite().all()


@pytest.mark.parametrize(
    "name", [*["x", "a,b", "a[0]", "a{b}", "q=1", "a:b", "größe", "$x$", "null"], ""]
)
def test_a_tip_can_be_pasted_into_a_shell_whatever_the_name(name: str) -> None:
    def read(typed: str) -> Any:
        (override,) = shlex.split(typed)
        return OverridesParser.create().parse_override(override).value()

    assert read(drop_override(name)) == [name]
    assert kinds_by_name(read(kind_override(name, "numeric"))) == {name: "numeric"}


def test_kinds_are_given_by_column_or_by_kind() -> None:
    by_kind = {"categorical": ["x, y", "zip"], "numeric": ["n"]}
    kinds = {"x, y": "categorical", "zip": "categorical", "n": "numeric"}
    assert kinds_by_name(by_kind) == kinds_by_name(kinds) == kinds
    assert kinds_by_name({"categorical": "numeric"}) == {"categorical": "numeric"}
    assert kinds_by_name(None) == {}
