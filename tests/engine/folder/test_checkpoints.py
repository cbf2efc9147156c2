"""Checkpoints: damage is found, and a bad disk is one line."""

import io
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import torch
from conftest import Compose, Run, files_of
from interrupted import At, killed
from interrupted import run as train_in

from litmlp.callbacks.checkpoint import BestAndLast
from litmlp.engine.folder import checkpoints, run_folder
from litmlp.errors import UserError
from litmlp.supervised import Supervised

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=4")
OFTEN = "callbacks.checkpoint.every_epochs=1"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("begun") / "run"
    train_in(folder, *QUICK, OFTEN)
    return folder


@pytest.fixture
def folder(begun: Path, tmp_path: Path) -> Path:
    return shutil.copytree(begun, tmp_path / "run")


def same(one: object, other: object) -> bool:
    streams = io.BytesIO(), io.BytesIO()
    for content, stream in zip((one, other), streams, strict=True):
        torch.save(content, stream)
    return streams[0].getvalue() == streams[1].getvalue()


def test_no_flipped_bit_goes_unseen(folder: Path) -> None:
    path = folder / "checkpoints" / "best.ckpt"
    content, whole = checkpoints.read(path), path.read_bytes()
    unseen, places = [], range(0, len(whole), 13)
    for place in places:
        path.write_bytes(
            whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :]
        )
        with suppress(UserError):
            unseen.append((place, checkpoints.read(path)))
    harmful = [place for place, read in unseen if not same(read, content)]
    assert harmful == []
    assert len(unseen) < len(places)


def test_a_part_that_is_marked_as_a_folder_is_damage(folder: Path) -> None:
    """Torch would give its tensor whatever the memory holds."""
    path = folder / "checkpoints" / "best.ckpt"
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 38] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(UserError, match="a part is marked as a folder"):
        checkpoints.read(path)


def test_a_damaged_checkpoint_is_not_overwritten(folder: Path) -> None:
    (folder / "checkpoints" / "last.ckpt").write_bytes(b"nonsense")
    run_folder.write_summary(
        folder, run_folder.read_summary(folder) | {"status": "interrupted"}
    )
    with pytest.raises(UserError, match=r"last\.ckpt is damaged"):
        train_in(folder, *QUICK, OFTEN)
    assert (folder / "checkpoints" / "last.ckpt").read_bytes() == b"nonsense"


def test_other_formats_say_why_not(folder: Path) -> None:
    last = checkpoints.last(folder)
    assert last is not None
    checkpoints.write(last.content | {"format": 99}, last.path)
    with pytest.raises(UserError, match="has format 99, this version of litmlp knows"):
        checkpoints.last(folder)
    checkpoints.write({"format": 1}, last.path)
    with pytest.raises(UserError, match="is of an earlier litmlp: a run cannot go on"):
        checkpoints.last(folder)
    best = checkpoints.best(folder)
    del best["format"]
    checkpoints.write(best, folder / "checkpoints" / "best.ckpt")
    assert same(checkpoints.best(folder)["state_dict"], best["state_dict"])


@pytest.mark.parametrize("every", ["every_seconds", "every_iterations", "every_epochs"])
def test_an_interval_is_positive_or_null(every: str) -> None:
    with pytest.raises(UserError, match=f"{every}=0: must be positive, or null"):
        BestAndLast(folder="x", monitor="loss/val", mode="min", **{every: 0})


@contextmanager
def limit_file_size(size: int) -> Iterator[None]:
    """Writing more fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_one_line_and_leaves_what_was_there(
    run: Run, tmp_path: Path
) -> None:
    run("train", *QUICK, OFTEN, "logger=none", "hydra.run.dir=run")
    files = files_of(tmp_path / "run/checkpoints")
    with limit_file_size(20_000):
        new = run("train", *QUICK, "logger=none", "hydra.run.dir=new")
        more = run("train", "resume=run", "trainer.max_epochs=6")
    for failed in (new, more):
        assert failed.code == 1
        assert failed.err == "error: File too large: what was saved before stays\n"
    assert files == files_of(tmp_path / "run/checkpoints")
    assert run("train", "resume=run").code == 0
    assert run_folder.read_summary(tmp_path / "run")["epochs"] == 6


def test_a_folder_that_is_gone_is_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove(model: Supervised) -> None:
        shutil.rmtree(tmp_path / "run", ignore_errors=True)

    monkeypatch.setattr(Supervised, "on_train_epoch_end", remove)
    ended = run("train", *QUICK, "hydra.run.dir=run")
    line = ended.mistake
    assert "No such file or directory" in line
    assert not (tmp_path / "run").exists()


def test_no_more_is_lost_than_the_interval_in_seconds(
    config: Compose, tmp_path: Path
) -> None:
    assert config().callbacks.checkpoint.every_seconds <= 60
    at_once = "callbacks.checkpoint.every_seconds=1e-9"
    killed(At("Supervised.training_step", 8), tmp_path / "run", *QUICK, at_once)
    last = checkpoints.last(tmp_path / "run")
    assert last is not None
    assert last.content["global_step"] == 7
