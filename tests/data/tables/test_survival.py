"""What a person sees of files that polars breaks off at."""

import os
import sys
from pathlib import Path

import polars as pl
import pytest
from conftest import Run

from litmlp.data.tables import survival
from litmlp.data.tables.read import read_table
from litmlp.data.tables.stream import header_of
from litmlp.data.tables.survival import is_survived, refuse_deadly, survived
from litmlp.errors import UserError

ROWS = pl.DataFrame({"x": [i / 7 for i in range(40)], "y": [0, 1] * 20})


@pytest.fixture
def table(tmp_path: Path) -> Path:
    ROWS.write_parquet(tmp_path / "t.parquet")
    return tmp_path / "t.parquet"


def test_a_bit_that_makes_polars_end_its_process_is_one_line(
    table: Path, run: Run, tmp_path: Path
) -> None:
    content = bytearray(table.read_bytes())
    content[14] ^= 1  # a page of 2 ** 61 bytes
    table.write_bytes(content)
    ended = run("train", "data=table", f"data.path={table}", "data.target=y")
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert line.startswith("error: ")
    assert f"{table} cannot be read: " in line
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [table]


def test_whatever_ends_a_reader_ends_no_one_else(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_survived.cache_clear()
    monkeypatch.setattr(survival, "READ", "import os; os.abort()")
    for read in (read_table, header_of):
        with pytest.raises(UserError, match=r"t\.parquet cannot be read: it is dam"):
            read(str(table))
    is_survived.cache_clear()


def test_a_file_is_read_elsewhere_once_as_long_as_it_stays_the_same(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_survived.cache_clear()
    log = tmp_path / "read.txt"
    monkeypatch.setattr(survival, "READ", f"open({str(log)!r}, 'a').write('x')")
    for _ in range(3):
        refuse_deadly(table)
    assert log.read_text() == "x"
    os.utime(table, ns=(0, 0))
    refuse_deadly(table)
    assert log.read_text() == "xx"
    is_survived.cache_clear()


def test_a_reader_runs_no_file_of_the_folder_that_it_is_in(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_survived.cache_clear()
    (tmp_path / "polars.py").write_text("open('touched', 'w')")
    monkeypatch.chdir(tmp_path)
    refuse_deadly(table)
    assert not (tmp_path / "touched").exists()


def test_what_is_said_meanwhile_is_said_at_the_end(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with survived("t.parquet"), survived("t.parquet"):
        print("a warning", file=sys.stderr)
    assert capfd.readouterr().err == "a warning\n"
