"""Damaged and hostile files and names: read, or refused in one line."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import Run
from interrupted import CLEAN
from strangers import run_and_table

from litmlp.data.table import TableData
from litmlp.engine.predict.predict_file import predict_file
from litmlp.engine.predict.trained_model import trained
from litmlp.errors import UserError

QUICK = ("trainer=cpu", "trainer.max_epochs=1", "model.hidden_sizes=[2]")
QUICK += ("callbacks=minimal", "logger=csv")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run and its table."""
    return run_and_table(tmp_path_factory.mktemp("home"))


def spoiled(content: bytes, count: int) -> Iterator[bytes]:
    """Yield a file's content with a bit flipped, cut off, or with other bytes in it."""
    numbers = random.Random(0)
    for i in range(count):
        damaged = bytearray(content)
        place = numbers.randrange(len(content))
        if i % 4 == 0:
            del damaged[place:]
        elif i % 4 == 1:
            damaged[place:place] = numbers.choice(INSERTED)
        else:
            damaged[place] ^= 1 << numbers.randrange(8)
        yield bytes(damaged)


INSERTED = [b"\0", b'"', b"\n" * 99, b",", b"\xff", b"9" * 40, b"x" * 200_000, b"=1+1"]


def train_on(path: Path, home: Path) -> None:
    data = TableData(path=str(path), target="y")
    data.infer_task()
    assert len(data.samples.inputs)


def predict_of(path: Path, home: Path) -> None:
    with trained(home / "run") as model:
        predict_file(model, str(path), f"{path}.out.csv")


Use = Callable[[Path, Path], None]


def use_spoiled(use: Use, source: Path, folder: Path) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(folder / "said.txt", os.O_WRONLY | os.O_CREAT), 2)
    path = folder / source.name
    for content in spoiled(source.read_bytes(), 20):
        path.write_bytes(content)
        with suppress(UserError):
            use(path, source.parent)
        assert not list(folder.glob("*.partial"))


@pytest.mark.parametrize("use", [train_on, predict_of])
def test_a_damaged_table_is_read_or_refused(
    use: Use, home: Path, tmp_path: Path
) -> None:
    process = CLEAN.Process(target=use_spoiled, args=(use, home / "t.csv", tmp_path))
    process.start()
    process.join(120)
    assert (tmp_path / "said.txt").read_text() == ""
    assert process.exitcode == 0


def test_a_field_without_end_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('x,y\n1,"' + "u" * 200_000)
    ended = run("train", "data=table", "data.path=t.csv", "data.target=y", *QUICK)
    (line,) = ended.err.splitlines()
    assert line.endswith("t.csv, line 2: field larger than field limit (131072)")


@pytest.mark.parametrize("name", ["../../x", "'a b'", '"a\nb"', "x" * 300, ""])
def test_a_name_leads_nowhere(name: str, run: Run, tmp_path: Path) -> None:
    ended = run("train", "data=iris", *QUICK, f"name={name}")
    line = ended.mistake
    assert line.isprintable()
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_runs_of_hostile_values_stay_in_their_sweep(run: Run, tmp_path: Path) -> None:
    values = "'../../x','a/b','..','ünï','%s'" % ("x" * 300)
    sweep = (f"+note={values}", "hydra.sweep.dir=there")
    assert run("train", "-m", "data=iris", *QUICK, *sweep).err == ""
    summaries = list(tmp_path.rglob("summary.json"))
    assert len(summaries) == 5
    assert {path.parent.parent for path in summaries} == {tmp_path / "there"}
    assert all(path.parent.name.isascii() for path in summaries)
