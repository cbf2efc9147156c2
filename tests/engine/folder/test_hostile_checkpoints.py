"""Checkpoints that would never end, or do not fit: refused, and nothing is changed."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import torch
from conftest import files_of
from interrupted import keep_previous
from scripted import scripted

from litmlp.engine.folder import checkpoints
from litmlp.engine.folder.checkpoints import LAST
from litmlp.errors import UserError

ROWS = "x,c,y\n" + "\n".join(f"{i / 7},{'ab'[i % 2]},{'uv'[i % 2]}" for i in range(90))
BEGUN = ["data=table", "data.target=y", "task=binary", "data.batch_size=20"]
BEGUN += ["trainer=cpu", "trainer.max_epochs=3", "trainer.max_time=00:01:00:00"]
BEGUN += ["model.hidden_sizes=[2]", "dropout=dropout", "logger=csv"]
BEGUN += ["callbacks.checkpoint.every_iterations=5"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs of three batches; its previous checkpoint is within one."""
    home = tmp_path_factory.mktemp("finished")
    (home / "t.csv").write_text(ROWS)
    table = f"data.path={home}/t.csv"
    with keep_previous():
        assert scripted("train", *BEGUN, table, f"hydra.run.dir={home}/run") == (0, "")
    return home


Edit = Callable[[dict[str, Any]], object]


def used(finished: Path, home: Path, name: str, edit: Edit) -> tuple[int, str]:
    """Resume from this one checkpoint: the exit code of the script and its message.

    A checkpoint that is called damaged leaves all files as they were.
    """
    folder = Path(shutil.copytree(finished / "run", home / "run"))
    shutil.copy(finished / "t.csv", home)
    content = torch.load(folder / "checkpoints" / name)
    edit(content)
    for path in (folder / "checkpoints").iterdir():
        path.unlink()
    torch.save(content, folder / "checkpoints" / LAST)
    before = files_of(home)
    with contextlib.chdir(home):
        code, said = scripted("train", "resume=run", "trainer.max_epochs=5")
    if "is damaged" in said:
        assert files_of(home) == before
    return code, said


def doubling(content: dict[str, Any]) -> None:
    pair: list[Any] = []
    for _ in range(40):
        pair = [pair, pair]
    content["optimizer_states"][0]["state"] = pair


HOSTILE: dict[str, tuple[Edit, str]] = {
    "lists that double": (doubling, "nested too deeply, or hold themselves"),
    "a tensor of terabytes": (
        lambda content: content.update(samples=torch.ones(1).expand(10**12)),
        "a tensor in it is larger than the file",
    ),
    "no random numbers": (lambda content: content.pop("processes"), "lacks processes"),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_nothing_is_begun_with_what_no_run_has_written(
    attack: str, finished: Path, tmp_path: Path
) -> None:
    edit, reason = HOSTILE[attack]
    code, said = used(finished, tmp_path, LAST, edit)
    (line,) = said.splitlines()
    assert code == 1
    assert "last.ckpt is damaged (" in line
    assert reason in line


def test_a_small_file_is_not_unpacked_to_a_large_one(tmp_path: Path) -> None:
    path = tmp_path / LAST
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(2**24))
    assert path.stat().st_size < 2**15
    with pytest.raises(UserError, match="its parts are larger than the file"):
        checkpoints.read(path)


def memory(content: dict[str, Any]) -> dict[str, Any]:
    """What the optimizer remembers of the first weights."""
    return cast(dict[str, Any], content["optimizer_states"][0]["state"][0])


def numpy_state(content: dict[str, Any]) -> list[Any]:
    return cast(list[Any], content["processes"][0]["random"]["numpy"])


MISFITS: dict[str, Edit] = {
    "no optimizer": lambda content: content.pop("optimizer_states"),
    "no number of iterations": lambda content: content.pop("global_step"),
    "random numbers from beyond their key": lambda content: numpy_state(
        content
    ).__setitem__(2, 10**6),
    "random numbers of a short key": lambda content: numpy_state(content)[1].pop(),
    "weights of another network": lambda content: content["state_dict"].update(
        {"network.output.bias": torch.ones(5)}
    ),
    "a second optimizer": lambda content: content["optimizer_states"].extend(
        content["optimizer_states"]
    ),
    "other processes": lambda content: content["processes"].extend(
        content["processes"]
    ),
    "too short a memory": lambda content: memory(content).update(exp_avg=torch.ones(1)),
    "a memory of one number": lambda content: memory(content).update(
        exp_avg=torch.ones(1, 1).expand_as(memory(content)["exp_avg"])
    ),
    "no step": lambda content: memory(content).update(step=torch.ones(0)),
}


AFTER_THE_CURVES = [name for name in MISFITS if name.startswith(("random", "other"))]
"""Misfits that are refused once the curves are cut back."""


@pytest.mark.parametrize("misfit", MISFITS)
def test_what_does_not_fit_the_run_is_not_written_again(
    misfit: str, finished: Path, tmp_path: Path
) -> None:
    """A state that is restored by half would look like one between two batches."""
    before = torch.load(finished / "run" / "checkpoints" / "previous.ckpt")
    MISFITS[misfit](before)
    code, said = used(finished, tmp_path, "previous.ckpt", MISFITS[misfit])
    (line,) = said.splitlines()
    assert (code, line[:7]) == (1, "error: ")
    folder = tmp_path / "run" / "checkpoints"
    assert [path.name for path in folder.iterdir()] == [LAST]
    assert torch.load(folder / LAST).keys() == before.keys()
    if misfit not in AFTER_THE_CURVES:
        csv = (path / "run" / "metrics.csv" for path in (finished, tmp_path))
        assert next(csv).read_bytes() == next(csv).read_bytes()
