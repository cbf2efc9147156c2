"""A new project trains, passes its tests, and stands beside the engine."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import ROOT
from omegaconf import OmegaConf

from litmlp.__main__ import main
from litmlp.engine.project.new import template_texts

TABLE = str(ROOT / "tests" / "people.csv")
RELEASES = sorted(path for path in (ROOT / "tests" / "projects").iterdir())


def make(project: Path, *arguments: str) -> str:
    """Call make as if the environment of these tests were that of the project."""
    programs = project / ".venv" / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    for name, call in {"python": "", "litmlp": "-m litmlp "}.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {call}"$@"\n')
        (programs / name).chmod(0o755)
    (project / ".venv" / "installed").touch()
    ended = subprocess.run(
        ["make", *arguments],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(project / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_a_project_of_a_past_release_passes_its_tests(
    release: Path, tmp_path: Path
) -> None:
    project = shutil.copytree(release, tmp_path / "churn")
    assert "4 passed" in make(project, "test")


def test_a_project_from_a_table_trains_with_its_own_network_and_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["new", "churn", "--table", TABLE, "--target", "income"])
    assert "cd churn && make train" in (shown := capsys.readouterr().out)
    assert "free text" not in shown
    project = tmp_path / "churn"
    assert [path.name for path in tmp_path.iterdir()] == ["churn"]
    assert "whose column `income` is predicted" in (project / "README.md").read_text()
    make(project, "train", "ARGS=experiment=churn trainer.max_epochs=1")
    (run,) = project.glob("logs/churn/runs/*")
    assert json.loads((run / "summary.json").read_text())["status"] == "done"
    config = (run / ".hydra" / "config.yaml").read_text()
    assert "churn.networks.ResidualNetwork" in config
    assert "churn.losses.LogCosh" in config


def test_a_project_from_a_table_leaves_out_what_cannot_be_a_feature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f'"C{i:03}",{i},{i % 2},"{"ab"[i % 2]}"\n' for i in range(40)]
    Path("t.csv").write_text(f'"my ""id""",x,y,z\n{"".join(rows)}3,three,0,a\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    main(["new", "churn", "--table=~/t.csv", "--target", "y"])
    assert 'no features  my "id" (free text or' in capsys.readouterr().out
    option = OmegaConf.load("churn/conf/data/churn.yaml")
    assert option.path == "../t.csv"
    assert option.drop == ['my "id"']


@pytest.mark.parametrize(
    ("noted", "source"),
    [
        (None, ""),
        ('{"url": "file:///a%20b", "dir_info": {}}', "file:///a%20b"),
        (
            '{"url": "file:///a", "dir_info": {"editable": true}}',
            "--editable file:///a",
        ),
        (
            '{"url": "https://a/b", "vcs_info": {"vcs": "git", "commit_id": "c0"}}',
            "git+https://a/b@c0",
        ),
    ],
)
def test_a_new_project_installs_the_engine_from_where_it_is(
    noted: str | None, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = SimpleNamespace(read_text=lambda _: noted)
    monkeypatch.setattr("litmlp.engine.project.new.distribution", lambda _: installed)
    assert f"\nENGINE ?= {source}\n" in template_texts("churn")["Makefile"]


def git(*arguments: str) -> str:
    own = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    command = ["git", *own, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return ended.stdout


def test_a_project_in_a_clone_merges_with_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "pyproject.toml").read_text()
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "the engine")
    git("checkout", "-qb", "upstream")
    newer = text.replace("[project]", "[project] # newer").replace("2.6", "2.7")
    Path("pyproject.toml").write_text(newer.replace("tool.ruff", "tool.rust"))
    git("commit", "-qam", "a newer engine")
    git("checkout", "-q", "main")
    main(["new", "churn", "--here"])
    assert 'packages = ["churn"]' in Path("pyproject.toml").read_text()
    git("add", ".")
    assert "M  pyproject.toml" in (status := git("status", "--porcelain"))
    assert status.count("\n") == status.count("A  ") + 1
    assert "A  src/churn/networks.py" in status
    git("commit", "-qm", "a project")
    git("merge", "-q", "upstream", "-m", "merged")
    merged = Path("pyproject.toml").read_text()
    assert 'packages = ["churn"]' in merged
    assert '"torch>=2.7' in merged


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("Churn", "Churn: expected the name of a package: small letters, digits and _"),
        ("../churn", "../churn: expected the name of a package"),
        ("torch", "torch: there is a module of that name: choose another"),
        ("taken", "taken exists: choose another name, or another folder"),
        ("churn --table no.csv --target y", "no.csv: no such file"),
        (f"churn --table {TABLE} --target incme", "no column incme. Did you mean inco"),
        (f"churn --table {TABLE}", "--table and --target belong together: give both"),
        ("churn --here", "there is no project here, which is a pyproject.toml with a"),
    ],
)
def test_a_project_that_cannot_be_made_leaves_nothing(
    typed: str,
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    with pytest.raises(SystemExit) as end:
        main(["new", *typed.split()])
    said = capsys.readouterr().err
    assert (end.value.code, said.count("\n")) == (1, 1)
    assert line in said
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    assert not list((tmp_path / "taken").iterdir())
