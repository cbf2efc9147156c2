"""Broken and crafted files of searches are refused in one line, or not shown."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from made_up_search import search

from litmlp.engine.report.search_results import read_searches
from litmlp.errors import UserError


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    search(folder, n_trials=3)
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "sweep"))


@pytest.mark.parametrize(
    "change",
    [
        "study_user_attributes SET value_json='5'",
        """trial_params SET distribution_json='{"name": "X"}'""",
    ],
)
def test_a_crafted_study_is_one_line(change: str, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "study.db")) as database, database:
        database.execute(f"UPDATE {change}")
    refused(folder)


@pytest.mark.parametrize("content", [b"garbage" * 1000, None])
def test_another_file_is_one_line(content: bytes | None, folder: Path) -> None:
    path = folder / "study.db"
    path.write_bytes(path.read_bytes()[:9000] if content is None else content)
    refused(folder)


def test_a_study_elsewhere_is_not_touched(folder: Path, tmp_path: Path) -> None:
    (folder / "study.db").unlink()
    (folder / "study.db").symlink_to(tmp_path / "victim")
    with closing(sqlite3.connect(tmp_path / "victim")) as database:
        database.execute("CREATE TABLE mine (x)")
    before = (tmp_path / "victim").read_bytes()
    refused(folder)
    assert (tmp_path / "victim").read_bytes() == before


def refused(folder: Path) -> None:
    with pytest.raises(UserError, match=r"study(\.db)? (cannot|is a|in this)") as found:
        search(folder, n_trials=4)
    assert "\n" not in str(found.value)
    assert list(read_searches([folder / "a run"])) == []
