"""A key that was renamed keeps its old name for one release, wherever it stands."""

import shutil
from pathlib import Path

import pytest
from conftest import ROOT, Run

from litmlp.engine.config.renamed_keys import RENAMED
from litmlp.engine.folder.run_folder import read_config

OLD = {"optimizer.eta": "optimizer.lr", "rng": "seed", "method": "optimizer"}
"""Keys as if they had been renamed: of a section, at the top, and of a group."""


@pytest.fixture(autouse=True)
def renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    for old, new in OLD.items():
        monkeypatch.setitem(RENAMED, old, new)


def warning(*keys: str) -> str:
    return "".join(
        f"warning: {key} is now {OLD[key]}; the next release refuses {key}\n"
        for key in keys
    )


def test_an_old_name_on_the_command_line_works_with_a_warning(run: Run) -> None:
    shown = ("train", "--cfg", "job", "method=sgd")
    old = run(*shown, "optimizer.eta=0.5", "rng=3")
    assert old.err == warning("method", "optimizer.eta", "rng")
    assert old.out == run(*shown[:3], "optimizer=sgd", "optimizer.lr=0.5", "seed=3").out


def test_an_old_name_in_a_file_of_the_project_works_with_a_warning(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.litmlp]\n")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "project.yaml").write_text("optimizer: {eta: 0.5}\nrng: 3\n")
    ended = run("train", "--cfg", "job")
    assert ended.err == warning("optimizer.eta", "rng")
    (tmp_path / "conf" / "project.yaml").write_text("optimizer: {lr: 0.5}\nseed: 3\n")
    assert run("train", "--cfg", "job").out == ended.out


def test_a_run_folder_with_an_old_name_is_read_without_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(ROOT / "tests" / "old_runs" / "classifier", folder)
    new, path = read_config(folder), folder / ".hydra" / "config.yaml"
    text = path.read_text().replace("\n  lr:", "\n  eta:").replace("\nseed:", "\nrng:")
    assert text != path.read_text()
    path.write_text(text)
    assert read_config(folder) == new
    assert not capsys.readouterr().err
