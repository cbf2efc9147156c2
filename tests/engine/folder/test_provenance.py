"""The fingerprint of a run's data, and what it says has changed."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from litmlp.data.table import TableData
from litmlp.engine.folder.provenance import changes_of_data, of_data

TABLE = pl.DataFrame({"x": range(40), "y": ["a", "b", "b", "a"] * 10})


def fingerprint(folder: Path, table: pl.DataFrame, **options: Any) -> dict[str, Any]:
    table.write_csv(folder / "t.csv")
    return of_data(TableData(path=str(folder / "t.csv"), target="y", **options))


@pytest.mark.parametrize(
    ("changed", "options", "changes"),
    [
        (TABLE, {}, []),
        (TABLE.reverse(), {}, ["the values or the order of the rows"]),
        (TABLE[:36], {}, ["the number of rows"]),
        (TABLE.with_columns(y=pl.col("y").replace("a", "aa")), {}, ["the names of"]),
        (TABLE.rename({"x": "z"}), {}, ["the names of columns"]),
        (TABLE, {"split_seed": 1}, ["the rows of each split"]),
    ],
)
def test_a_change_of_the_data_is_named(
    changed: pl.DataFrame, options: dict[str, Any], changes: list[str], tmp_path: Path
) -> None:
    before = fingerprint(tmp_path, TABLE)
    found = changes_of_data(before, fingerprint(tmp_path, changed, **options))
    assert bool(found) is bool(changes)
    for words in changes:
        assert words in "; ".join(found)


def test_of_a_run_of_an_older_version_the_known_part_is_compared(
    tmp_path: Path,
) -> None:
    now = fingerprint(tmp_path, TABLE)
    assert changes_of_data({"rows": 40, "values": now["values"]}, now) == []
    assert changes_of_data({}, now) == []
