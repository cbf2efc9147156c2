"""A project in the working folder: its options come first, its packages are allowed."""

import json
from pathlib import Path

import pytest
from conftest import CONF, Run
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from litmlp import load
from litmlp.engine import option_folders
from litmlp.errors import UserError
from litmlp.own_packages import OWN_PACKAGES

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=1")

MODULE = """\
import torch

class Square(torch.nn.Module):
    def forward(self, values):
        return values**2
"""

FILES = {
    "pyproject.toml": '[tool.litmlp]\npackages = ["own_square"]\n',
    "own_square.py": MODULE,
    "conf/activation/square.yaml": "_target_: own_square.Square\n_partial_: true\n",
    "conf/optimizer/sgd.yaml": "_target_: torch.optim.SGD\n_partial_: true\nlr: 0.5\n",
    "conf/project.yaml": "defaults: [override /optimizer: sgd]\nseed: 3\n",
    "conf/experiment/deep/mine.yaml": "# @package _global_\nseed: 4\n",
}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project as the working folder, whose package every process can import."""
    write(tmp_path, FILES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def test_own_options_come_first_and_own_defaults_lose_to_what_is_typed(
    project: Path,
) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        own = compose("train")
        assert (own.optimizer.lr, own.seed) == (0.5, 3)
        assert compose("train", ["seed=5"]).seed == 5
        assert compose("train", ["experiment=deep/mine"]).seed == 4
        assert compose("train", ["optimizer=adam"]).optimizer.lr == 0.001
        assert compose("train", ["activation=square"]).activation._partial_
    (project / "pyproject.toml").write_text("[project]\nname = 'foreign'\n")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        assert compose("train").seed == 0


def test_help_and_mistakes_know_own_options(project: Path, run: Run) -> None:
    assert ", square, tanh" in run("train", "--help").out
    wrong = run("train", "experiment=deep/min").err
    assert "Did you mean deep/mine? Allowed: deep/mine, " in wrong
    assert (
        "no such option. Did you mean square?" in run("train", "activation=squar").err
    )


@pytest.mark.parametrize(
    "launcher",
    ["sequential", pytest.param("joblib", marks=pytest.mark.slow), "vectorized"],
)
def test_own_packages_are_allowed_in_every_process(
    launcher: str, project: Path, run: Run
) -> None:
    several = ["hydra.launcher.n_jobs=2"] if launcher == "joblib" else []
    own = ("activation=square", "seed=0,1", f"hydra/launcher={launcher}", *several)
    ended = run("train", "-m", *QUICK, *own)
    assert ended.code == 0, ended.err
    summaries = sorted(project.glob("logs/*/sweeps/*/*/summary.json"))
    assert len(summaries) == 2
    for path in summaries:
        assert json.loads(path.read_text())["status"] == "done"


def test_a_folder_of_a_run_or_an_experiment_allows_no_package(
    project: Path, run: Run
) -> None:
    calm = ("activation=square", "optimizer.lr=0.01")
    assert run("train", *QUICK, *calm, "hydra.run.dir=run").code == 0
    assert run("evaluate", "run=run").code == 0
    OWN_PACKAGES.clear()  # as in a process of its own
    assert load("run").predict([[5.0, 3.0, 1.5, 0.2]]).shape == (1,)
    (project / "pyproject.toml").rename(project / "run" / "pyproject.toml")
    refused = "activation._target_=own_square.Square is not allowed"
    assert refused in run("evaluate", "run=run").err
    with pytest.raises(UserError, match=r"own_square\.Square is not allowed"):
        load("run")
    mine = "conf/experiment/mine.yaml"
    text = "# @package _global_\nactivation: {_target_: own_square.Square}\n"
    write(project, {mine: text + 'tool: {litmlp: {packages: ["own_square"]}}\n'})
    own_path = f"hydra.searchpath=[file://{project}/conf]"
    ended = run("train", *QUICK, own_path, "experiment=mine", "hydra.job.chdir=true")
    assert refused in ended.err


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[tool.litmlp\n", "error: pyproject.toml: Expected ']'"),
        ("[tool.litmlp]\npackages = 'a'\n", "packages = a: expected a list of names"),
        ("[tool.litmlp]\npackages = ['chrn']\n", "packages: chrn cannot be imported"),
    ],
)
def test_a_mistake_in_pyproject_is_one_line(
    text: str, line: str, project: Path, run: Run
) -> None:
    (project / "pyproject.toml").write_text(text)
    ended = run("train", *QUICK)
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert line in ended.err
    assert not list(project.glob("logs/*"))


def test_the_checkout_is_a_project_without_options_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(CONF.parent)
    project = option_folders.project_here()
    assert project is not None
    assert project.packages == []
    assert option_folders.option_folders() == [CONF]
    assert OmegaConf.load(CONF / "project.yaml") == {}
