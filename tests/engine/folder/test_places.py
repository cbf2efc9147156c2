"""Places that cannot be written to, or hold something else: one line, nothing lost."""

import ctypes
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scripted import scripted
from strangers import ROWS

from litmlp.engine.folder import run_folder

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=1", "model.hidden_sizes=[2]")
QUICK += ("callbacks=minimal", "logger=csv")
VERSION, OVERRIDE = 0x20080522, 1 << 1
"""Of capabilities(7): of their structures, and to write where the mode forbids it."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("finished")
    (home / "t.csv").write_text(ROWS)
    table = ["data=table", f"data.path={home}/t.csv", "data.target=y", "task=binary"]
    table += ["data.drop=[note]"]
    assert scripted("train", *QUICK[1:], *table, f"hydra.run.dir={home}/run")[0] == 0
    return home


@pytest.fixture
def home(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing can be made in a folder, not even by root."""
    libc, header = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(VERSION, 0)
    powers = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, powers) == 0
    before, powers[0] = powers[0], powers[0] & ~OVERRIDE
    assert libc.capset(header, powers) == 0
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)
        powers[0] = before
        assert libc.capset(header, powers) == 0


READ_ONLY = {
    "a new run": ("train", *QUICK, "hydra.run.dir=place/new"),
    "a run in it": ("train", *QUICK, "hydra.run.dir=place"),
    "a sweep": ("train", "-m", *QUICK, "seed=0,1", "hydra.sweep.dir=place/new"),
    "a sweep in it": ("train", "-m", *QUICK, "seed=0,1", "hydra.sweep.dir=place"),
    "predictions": ("predict", "run=run", "input=t.csv", "output=place/a/b/out.csv"),
    "a model": ("export", "run=run", "format=torch_export", "output=place/m.pt2"),
    "a report": ("report", "runs=[run]", "output=place/report"),
    "a run that is resumed": ("train", "resume=run", "trainer.max_epochs=2"),
    "an evaluation": ("evaluate", "run=run", "input=t.csv"),
    "a model in its run": ("export", "run=run", "format=torch_export"),
    "a report in a run": ("report", "runs=[run]", "output=run/report"),
}


def files_of(home: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize("use", READ_ONLY)
def test_a_read_only_folder_is_one_line_and_stays_as_it_is(
    use: str, home: Path
) -> None:
    (home / "place").mkdir()
    before = files_of(home)
    with read_only(home / "place"), read_only(home / "run"):
        code, said = scripted(*READ_ONLY[use])
    (line,) = set(said.splitlines())
    assert code == 1
    assert line.startswith("error: ")
    assert "Permission denied" in line
    assert files_of(home) == before


PREDICT, EXPORT = ("predict", "run=run", "input=t.csv"), ("export", "run=run")
TAKEN = {
    "the input": (*PREDICT, "output=t.csv"),
    "the input by another way": (*PREDICT, "output=run/../t.csv"),
    "a run's curves": (*PREDICT, "output=run/metrics.csv"),
    "a folder of tables": (*PREDICT, "output=folder.csv"),
    "below a file": (*PREDICT, "output=t.csv/out.csv"),
    "a name too long": (*PREDICT, f"output={'x' * 300}.csv"),
    "a folder of models": (*EXPORT, "format=torch_export", "output=folder.pt2"),
    "a model below a file": (*EXPORT, "format=torch_export", "output=t.csv/m.pt2"),
    "a run where a file is": ("train", *QUICK, "hydra.run.dir=t.csv"),
    "a run without a checkpoint": ("train", "resume=run", "trainer.max_epochs=2"),
}


@pytest.mark.parametrize("use", TAKEN)
def test_what_is_there_stays(use: str, home: Path) -> None:
    for name in ("folder.csv", "folder.pt2"):
        (home / name).mkdir()
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
