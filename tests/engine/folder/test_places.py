"""Places that hold something else: one line, and nothing is lost."""

import shutil
from pathlib import Path

import pytest
from conftest import files_of
from scripted import scripted
from strangers import ROWS, run_and_table

from litmlp.engine.folder import run_folder

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=1", "model.hidden_sizes=[2]")
QUICK += ("callbacks=minimal", "logger=csv")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_and_table(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def home(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


PREDICT = ("predict", "run=run", "input=t.csv")
TAKEN = {
    "the input": (*PREDICT, "output=run/../t.csv"),
    "a run's curves": (*PREDICT, "output=run/metrics.csv"),
    "a run where a file is": ("train", *QUICK, "hydra.run.dir=t.csv"),
    "a run without a checkpoint": ("train", "resume=run", "trainer.max_epochs=2"),
}


@pytest.mark.parametrize("use", TAKEN)
def test_what_is_there_stays(use: str, home: Path) -> None:
    if use == "a run without a checkpoint":
        (home / "run" / "checkpoints" / "last.ckpt").unlink()
    before = files_of(home)
    code, said = scripted(*TAKEN[use])
    (line,) = said.splitlines()
    assert code == 1
    assert line.startswith("error: ")
    after = files_of(home)
    assert after.keys() - before.keys() <= {home / "run" / ".lock"}
    assert all(after[path] == before[path] for path in before)
    assert run_folder.is_done(home / "run")
    assert (home / "t.csv").read_text() == ROWS
