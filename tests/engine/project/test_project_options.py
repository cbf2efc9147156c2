"""litmlp list, copy and status say whose options are, and what became of copies."""

import re
import shutil
from pathlib import Path

import pytest
from conftest import CONF
from omegaconf import OmegaConf

from litmlp.__main__ import main


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.litmlp]\n")
    (tmp_path / "conf" / "loss").mkdir(parents=True)
    (tmp_path / "conf" / "loss" / "mine.yaml").write_text("# Mine alone\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *typed: str) -> str:
    main(typed)
    captured = capsys.readouterr()
    assert not captured.err
    return re.sub(" +", " ", captured.out)


def test_list_says_whose_an_option_is(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(CONF / "loss" / "mae.yaml", project / "conf" / "loss" / "mae.yaml")
    shown = said(capsys, "list", "loss")
    assert "loss=mine project Mine alone" in shown
    assert "loss=mae project, instead of the engine's " in shown
    assert "loss=mse engine L2, mean squared error" in shown
    assert shown.count("loss=") == len(list(CONF.glob("loss/*.yaml"))) + 1
    assert "experiment=sweep/search engine" in said(capsys, "list")


def test_a_copy_is_the_same_option_and_is_followed(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for option in ("experiment/sweep/search", "loss/mse", "loss/mae", "loss/huber"):
        said(capsys, "copy", option)
        copy = project / "conf" / f"{option}.yaml"
        assert OmegaConf.load(copy) == OmegaConf.load(CONF / f"{option}.yaml")
    newer = shutil.copytree(CONF, project / "newer")
    monkeypatch.setattr("litmlp.engine.option_folders.CONF", newer)
    (newer / "loss" / "mae.yaml").write_text("_target_: torch.nn.MSELoss\n")
    (newer / "loss" / "huber.yaml").unlink()
    shown = said(capsys, "status")
    assert f"changes {project / 'CHANGELOG.md'}" in shown
    version = r" of \d+\.\d+\.\d+ is "
    for line in (
        f"experiment/sweep/search yes experiment/sweep/search{version}unchanged",
        f"loss/mse yes loss/mse{version}unchanged",
        f"loss/mae yes loss/mae{version}changed since",
        "loss/mine",
    ):
        assert re.search(rf"^ ?{line} *$", shown, re.M), shown
    assert re.search(r"loss/huber loss/huber of \S+ is gone from the engine", shown)


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (["list", "los"], "error: los: no such group. Did you mean loss? Allowed: act"),
        (["copy", "loss/mie"], "error: loss/mie: no such option. Did you mean mse?"),
        (["copy", "loss/../train"], "error: loss/../train: no such option. "),
        (["copy", "loss/mse"], "error: conf/loss/mse.yaml is there already: rename"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(
    typed: list[str], line: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "conf" / "loss" / "mse.yaml").write_text("mine")
    with pytest.raises(SystemExit):
        main(typed)
    ended = capsys.readouterr()
    assert ended.err.startswith(line)
    assert ended.err.count("\n") == 1
    assert (project / "conf" / "loss" / "mse.yaml").read_text() == "mine"
    assert len(list(project.rglob("*.yaml"))) == 2


def test_a_copy_needs_a_project(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pyproject.toml").write_text("[project]\n")
    with pytest.raises(SystemExit):
        main(["copy", "loss/mse"])
    assert "litmlp new <name> makes one" in capsys.readouterr().err
    assert "litmlp new <name> makes one" in said(capsys, "status")


def test_a_clone_owns_all_options_so_a_copy_needs_another_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(CONF.parent)
    shown = said(capsys, "list", "loss")
    assert "loss=mse clone L2, mean squared error" in shown
    assert shown.count(" clone ") == len(list(CONF.glob("loss/*.yaml")))
    with pytest.raises(SystemExit):
        main(["copy", "loss/mse"])
    assert "cp conf/loss/mse.yaml conf/loss/mine.yaml" in capsys.readouterr().err
