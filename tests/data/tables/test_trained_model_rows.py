"""Tables read in chunks."""

from pathlib import Path

import polars as pl
import pytest
import torch

from litmlp.data.samples import Column
from litmlp.data.tables.raw_features import Unseen, describe_unseen
from litmlp.data.tables.read import open_source, read_chunks
from litmlp.data.tables.trained_model_rows import read_inputs
from litmlp.errors import UserError

COLUMNS = [
    Column(name="x"),
    Column(name="city", kind="categorical", categories=["01", "Oslo"]),
]
TABLE = pl.DataFrame(
    {"id": ["007", "NA", "9"], "city": ["01", "Rome", None], "x": [1.5, None, 3.0]}
)


@pytest.mark.parametrize("size", [1, 10_000])
def test_rows_come_in_their_order(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("litmlp.data.tables.read.CHUNK_ROWS", size)
    TABLE.write_csv(tmp_path / "t.csv")
    source = open_source(str(tmp_path / "t.csv"))
    unseen: Unseen = Unseen()
    read = list(read_inputs(source, COLUMNS, ["id"], unseen))
    assert len(read) == (3 if size == 1 else 1)
    numbers, codes = torch.cat([inputs for inputs, _ in read]).T
    torch.testing.assert_close(
        numbers, torch.tensor([1.5, torch.nan, 3]), equal_nan=True
    )
    assert codes.isnan().tolist() == [False, False, True]
    assert codes[:2].tolist() == [0, -1]
    assert [i for _, kept in read for i in kept["id"]] == ["007", "NA", "9"]
    assert describe_unseen(unseen) == [
        "column city: 1 values that training did not have: Rome"
    ]


@pytest.mark.parametrize("rows", ["1,Rome,1\n2,Rome,3,4\n", "1,Rome,1\n2,Rome\n"])
def test_a_ragged_row_is_an_error_of_the_file(rows: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,city,id\n" + rows)
    with pytest.raises(UserError, match=r"t\.csv, line 3: [24] fields, and"):
        list(read_chunks(open_source(str(tmp_path / "t.csv")), ["x"]))


@pytest.mark.parametrize("size", [1, 10_000])
def test_a_mistake_names_the_line_in_the_file(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("litmlp.data.tables.read.CHUNK_ROWS", size)
    path = tmp_path / "t.csv"
    path.write_text('a title\n\nx,city\n1,"two\nlines"\n\n2,Rome\noops,Rome\n')
    source = open_source(str(path), needed=["x", "city"])
    with pytest.raises(UserError, match=r"t\.csv: column x, line 8: 'oops'"):
        list(read_inputs(source, COLUMNS, []))
