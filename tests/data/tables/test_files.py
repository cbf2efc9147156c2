"""Files: found by their literal path, read by their content, or refused by name."""

import gzip
import io
from pathlib import Path

import polars as pl
import pytest

from litmlp.data.table import TableData
from litmlp.data.tables.read import open_source, read_table
from litmlp.errors import UserError

TABLE = pl.DataFrame({"a": ["1", "2"], "b": ["x", "y"]})
NDJSON = b'{"a":"1","b":"x"}\n{"a":"2","b":"y"}\n'
ARROW, STREAM = io.BytesIO(), io.BytesIO()
TABLE.write_ipc(ARROW)
TABLE.write_ipc_stream(STREAM)
CONTENTS = [
    b"a,b\n1,x\n2,y\n",
    b" a ;b\n1;x\n2;y\n",
    b"a\tb\r\n1\tx\r\n2\ty\r\n",
    b"a|b\n\n1|x\n2|y\n\n",
    "a,b\n1,x\n2,y\n".encode("utf-8-sig"),
    gzip.compress(b"a,b\n1,x\n2,y\n", mtime=0),
    NDJSON,
    gzip.compress(NDJSON, mtime=0),
    ARROW.getvalue(),
    STREAM.getvalue(),
]


@pytest.mark.parametrize("content", CONTENTS)
def test_a_file_is_read_by_its_content(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.dat").write_bytes(content)
    assert read_table(open_source(str(tmp_path / "t.dat"))).equals(TABLE)


@pytest.mark.parametrize("name", ["r[1].csv", "x*.csv", "[p]/t.csv", "a b?.parquet"])
def test_a_path_is_no_pattern(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    for other in ("r1.csv", "xy.csv", "a bc.parquet"):
        (tmp_path / other).write_text("a,b\nwrong,wrong\n")
    TABLE.write_csv(path) if path.suffix == ".csv" else TABLE.write_parquet(path)
    assert read_table(open_source(str(path))).equals(TABLE)


def test_a_tilde_is_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    TABLE.write_csv(tmp_path / "t.csv")
    assert read_table(open_source("~/t.csv")).equals(TABLE)


REFUSED = {
    b"PK\x03\x04 xl/workbook.xml": "is an Excel file, not a table: save it as CSV",
    b"PK\x03\x04 t.csv": "is a zip archive, not a table: unpack it",
    b'[{"a": 1}]': "is JSON, not a table: write one object per line",
    b'{\n "a": 1}': "is JSON, not a table",
    "a,b\n".encode("utf-16"): "is UTF-16 text",
    b"<html><table>": "is a web page",
    b'<table border="1">\n<tr>': "is a web page",
    b"": "is empty: it needs a header and rows",
    b"a,y\n": "has a header and no rows",
    b"a,a \n1,2\n": "column a is there twice",
    b"a,b\n1,2,3\n2,3,4\n": "line 2: 3 fields.* needs a name in the header",
    b"a,b,c\n\n1,2\n": "line 3: 2 fields, and the header has 3: a field is missing",
    b'a,y\n"1,2\n3,4\n': "line 2: 1 fields, and the header has 2",
    "ä,y\n1,2\n".encode("latin-1"): "line 1 is not UTF-8",
    "x,y\n1,2\nä,3\n".encode("latin-1"): "line 3 is not UTF-8",
}


@pytest.mark.parametrize("content", REFUSED)
def test_another_file_is_named_with_what_to_do(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.dat").write_bytes(content)
    with pytest.raises(UserError, match=rf"t\.dat.*{REFUSED[content]}"):
        read_table(open_source(str(tmp_path / "t.dat")))


def test_addresses_and_folders_are_refused(tmp_path: Path) -> None:
    wrong = {
        "https://example.org/t.csv": "is an address: download",
        str(tmp_path): "is a folder: give one file of it",
        str(tmp_path / "nowhere.csv"): "no such file",
    }
    for path, words in wrong.items():
        with pytest.raises(UserError, match=words):
            open_source(path)


def test_a_parquet_file_that_polars_panics_at_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    columns = {"x": [i / 7 for i in range(40)], "c": ["a", "b"] * 20, "y": [0, 1] * 20}
    pl.DataFrame(columns).write_parquet(path)
    content = bytearray(path.read_bytes())
    content[16] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"t\.parquet cannot be read"):
        read_table(open_source(str(path)))


def test_settings_of_a_csv_file_are_checked() -> None:
    for option, value in {"separator": "ab", "skip_rows": -1}.items():
        with pytest.raises(UserError, match=rf"data\.{option}="):
            TableData(path="t.csv", target="y", **{option: value}).read()


@pytest.mark.parametrize("name", ["^x$", "*", "$x^2$", "0", "größe", "身高", "a[0]"])
def test_a_name_is_taken_literally(name: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    pl.DataFrame({"x": ["1"], name: ["2"], "y": ["3"]}).write_csv(path)
    source = open_source(str(path))
    assert read_table(source, [name]).to_dict(as_series=False) == {name: ["2"]}


def test_outer_spaces_of_names_are_left_out(tmp_path: Path) -> None:
    spaced, typed = tmp_path / "t.csv", tmp_path / "t.parquet"
    spaced.write_text(" a, b,c\n1,2,3\n")
    pl.read_csv(spaced).write_parquet(typed)
    for path in (spaced, typed):
        assert read_table(open_source(str(path))).columns == ["a", "b", "c"]
