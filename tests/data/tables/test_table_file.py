"""Splits of a table: by files, a column, groups or times."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from litmlp.data.table import TableData
from litmlp.errors import UserError

NUM_ROWS = 60
TABLE = pl.DataFrame(
    {
        "x": [float(i) for i in range(NUM_ROWS)],
        "city": ["Rome", "Oslo", "Bern"] * 20,
        "shop": [f"shop {i // 6}" for i in range(NUM_ROWS)],
        "day": [f"2024-01-{i * 7 % 30 + 1:02}" for i in range(NUM_ROWS)],
        "split": ["train", "train", "validation", "train", "val", "test"] * 10,
        "y": ["a", "b", "b"] * 20,
    }
)


def write(folder: Path, name: str, table: pl.DataFrame) -> str:
    table.write_csv(folder / name)
    return str(folder / name)


def data(folder: Path, table: pl.DataFrame = TABLE, **options: Any) -> TableData:
    return TableData(path=write(folder, "t.csv", table), target="y", **options)


def sizes(data: TableData) -> dict[str, int]:
    return {split: len(rows) for split, rows in data.rows.items()}


def test_other_files_are_validation_and_test(tmp_path: Path) -> None:
    other = TABLE.select(pl.lit(1).alias("more"), *reversed(TABLE.columns))
    other = other.with_columns(y=pl.when(pl.col("x") < 58).then("y"))
    read = data(
        tmp_path,
        TABLE[:36],
        test_path=write(tmp_path, "test.csv", other[36:]),
        validation_path=write(tmp_path, "val.csv", other[30:36]),
        drop=["split"],
    )
    assert sizes(read) == {"train": 36, "val": 6, "test": 22}
    inputs = read.samples.inputs[:, 0]
    assert inputs[read.rows["test"]].tolist() == list(range(36, 58))
    assert inputs[read.rows["val"]].tolist() == list(range(30, 36))
    names = [read.samples.class_names[i] for i in read.samples.targets]
    assert names == [*TABLE["y"][:36], *TABLE["y"][30:36], *TABLE["y"][36:58]]


def test_categories_are_those_of_the_training_file(tmp_path: Path) -> None:
    test = write(tmp_path, "test.csv", TABLE[40:].with_columns(city=pl.lit("Paris")))
    read = data(tmp_path, TABLE[:40], test_path=test)
    assert read.samples.columns[1].categories == ["Bern", "Oslo", "Rome"]
    assert (read.samples.inputs[read.rows["test"], 1] == -1).all()


def test_other_files_may_spell_a_class_as_another_number(tmp_path: Path) -> None:
    classes = pl.Series("y", [0, 1, 1] * 20)
    spelled = {"test": classes.cast(pl.Float64), "validation": classes == 1}
    paths = {
        f"{name}_path": write(tmp_path, f"{name}.csv", TABLE.with_columns(targets))
        for name, targets in spelled.items()
    }
    read = data(tmp_path, TABLE.with_columns(classes), **paths)
    assert read.samples.targets.tolist() == classes.to_list() * 3


FAULTY = {
    r"other\.csv has no column x, city, which .*t\.csv has": TABLE.drop("x", "city"),
    r"other\.csv has no column y, which .*t\.csv has": TABLE.drop("y"),
    r"other\.csv: column x, line 2: 'oops'.*numeric": {"x": "oops"},
    r"other\.csv: column day, line 2: '3\.5'.*datetime": {"day": 3.5},
    r"other\.csv: target y, line 2: 'maybe' is none of .*: a, b": {"y": "maybe"},
    r"other\.csv: target y has no values": {"y": ""},
    "a test split of one row": TABLE[:1],
}


@pytest.mark.parametrize("message", FAULTY)
def test_files_that_do_not_fit_are_refused(message: str, tmp_path: Path) -> None:
    faulty: Any = FAULTY[message]
    if isinstance(faulty, dict):
        faulty = TABLE.with_columns(**{name: pl.lit(v) for name, v in faulty.items()})
    read = data(tmp_path, test_path=write(tmp_path, "other.csv", faulty))
    with pytest.raises(UserError, match=message):
        _ = read.rows


def test_a_column_gives_the_split_and_what_it_never_says_is_cut(tmp_path: Path) -> None:
    read = data(tmp_path, split_column="split")
    assert sizes(read) == {"train": 30, "val": 20, "test": 10}
    assert "split" not in [column.name for column in read.samples.columns]
    assert read.rows["test"].tolist() == list(range(5, 60, 6))
    words = TABLE["split"].replace(["validation", "val"], "train")
    table = TABLE.with_columns(split=words)
    read = data(tmp_path, table, split_column="split", validation_share=0.1)
    assert sizes(read) == {"train": 45, "val": 5, "test": 10}


@pytest.mark.parametrize("value", ["trian", None])
def test_another_word_in_the_split_column_is_refused(
    value: str | None, tmp_path: Path
) -> None:
    wrong = pl.when(pl.col("x") == 7).then(pl.lit(value)).otherwise("split")
    read = data(tmp_path, TABLE.with_columns(split=wrong), split_column="split")
    with pytest.raises(UserError, match=r"column split, line 9: .*allowed: train, val"):
        _ = read.samples


def test_a_row_without_a_target_needs_no_split_group_or_time(tmp_path: Path) -> None:
    text = TABLE.write_csv().replace("\n", "\n\n", 3)  # blank lines
    text += ",,,,,\n1,,,,,\n"
    (tmp_path / "t.csv").write_text(text)
    for option in ({"split_column": "split"}, {"group": "shop"}, {"time": "day"}):
        read = TableData(path=str(tmp_path / "t.csv"), target="y", **option)
        assert sum(sizes(read).values()) == NUM_ROWS


def test_groups_and_times_are_no_features(tmp_path: Path) -> None:
    by_shop, by_day = (
        data(tmp_path, **option).samples
        for option in ({"group": "shop"}, {"time": "day"})
    )
    assert "shop" not in [column.name for column in by_shop.columns]
    assert by_shop.groups is not None
    assert by_shop.groups.tolist() == [i // 6 for i in range(NUM_ROWS)]
    assert "day" not in [column.name for column in by_day.columns]
    assert by_day.times is not None
    days = by_day.times - by_day.times.min()
    assert days.tolist() == [i * 7 % 30 for i in range(NUM_ROWS)]


def test_a_group_in_two_files_is_refused(tmp_path: Path) -> None:
    test = write(tmp_path, "test.csv", TABLE[40:])
    words = r"1 groups are in several splits, such as shop 6 in test, train"
    with pytest.raises(UserError, match=words):
        _ = data(tmp_path, TABLE[:40], test_path=test, group="shop").samples
    for other in (TABLE[36:], TABLE[36:].drop("shop")):
        test = write(tmp_path, "test.csv", other)
        read = data(tmp_path, TABLE[:36], test_path=test, group="shop")
        assert len(read.rows["test"]) == 24


@pytest.mark.parametrize("option", ["group", "time"])
def test_each_row_needs_a_group_or_time(option: str, tmp_path: Path) -> None:
    table = TABLE.with_columns(x=pl.when(pl.col("x") != 7).then("x"))
    with pytest.raises(UserError, match=rf"column x, line 9: no value.*a {option}"):
        _ = data(tmp_path, table, **{option: "x"}).samples


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time": "city"}, r"column city is String, and data\.time needs"),
        ({"group": "shop", "time": "day"}, "group=shop and time=day: choose one"),
        ({"group": "y"}, r"column y is both data\.target and data\.group"),
        ({"group": "x", "split_column": "x"}, r"data\.split_column and data\.group"),
        ({"group": "shp"}, r"no column shp\. Did you mean shop\?"),
        ({"split_column": "split", "num_folds": 5}, "cuts all rows into folds"),
        ({"time": "day", "num_folds": 5}, "folds mix earlier and later rows"),
    ],
)
def test_contradicting_options_are_refused(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        _ = data(tmp_path, **options).rows


def test_rows_keep_their_number_in_the_file(tmp_path: Path) -> None:
    table = TABLE.with_columns(y=pl.when(~pl.col("x").is_in([0.0, 4.0])).then("y"))
    samples = data(tmp_path, table).samples
    assert samples.numbers is not None
    assert torch.equal(samples.numbers.double(), samples.inputs[:, 0].double())
