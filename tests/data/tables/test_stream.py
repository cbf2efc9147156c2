"""Tables read in chunks."""

import io
from pathlib import Path

import polars as pl
import pytest

from litmlp.data.samples import Column
from litmlp.data.tables import stream
from litmlp.data.tables.read import header_of
from litmlp.data.tables.stream import read_chunks, whole_rows
from litmlp.errors import UserError

COLUMNS = [
    Column(name="x"),
    Column(name="city", kind="categorical", categories=["01", "Rome"]),
]
TABLE = pl.DataFrame(
    {"id": ["007", "NA", "9"], "city": ["01", "Rome", None], "x": [1.5, None, 3.0]}
)


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_blocks_end_where_rows_end(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "CSV_BYTES", size)
    rows = [b"1,a\n", b'2,"two\nlines, ""quoted"""\n', b"3,c\r\n", b"4,no end"]
    pieces = list(whole_rows(io.BytesIO(b"".join(rows))))
    assert b"".join(pieces) == b"".join(rows)
    ends = {len(b"".join(rows[:n])) for n in range(1, 5)}
    read = 0
    for piece in pieces:
        read += len(piece)
        assert read in ends


@pytest.mark.parametrize("size", [4, 10_000])
def test_rows_come_in_their_order(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "CSV_BYTES", size)
    TABLE.write_csv(tmp_path / "t.csv")
    read = list(read_chunks(str(tmp_path / "t.csv"), COLUMNS, ["id"]))
    assert len(read) == (3 if size == 4 else 1)
    assert [x for chunk, _ in read for x in chunk["x"]] == [1.5, None, 3.0]
    assert [c for chunk, _ in read for c in chunk["city"]] == ["01", "Rome", None]
    assert [i for _, kept in read for i in kept["id"]] == ["007", "NA", "9"]


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    TABLE.with_columns(id=pl.Series([7, 8, 9])).write_parquet(tmp_path / "t.parquet")
    ((features, kept),) = read_chunks(str(tmp_path / "t.parquet"), COLUMNS, ["id"])
    assert features.equals(TABLE.select("x", "city"))
    assert kept["id"].to_list() == [7, 8, 9]


def test_a_header_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("x,city\n1,Rome\n".encode("utf-8-sig"))
    assert header_of(str(path)) == ["x", "city"]
    ((features, _),) = read_chunks(str(path), COLUMNS, [])
    assert features.rows() == [(1, "Rome")]


def test_a_ragged_row_is_an_error_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,city\n1,Rome\n2,Rome,3\n")
    with pytest.raises(UserError, match=r"t\.csv, line 3: 3 fields, and"):
        list(read_chunks(str(path), COLUMNS, []))


def test_missing_and_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        header_of(str(tmp_path / "nowhere.csv"))
    (tmp_path / "t.parquet").write_text("text")
    with pytest.raises(UserError, match=r"t\.parquet cannot be read"):
        header_of(str(tmp_path / "t.parquet"))
