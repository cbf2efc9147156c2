"""What resume= takes and refuses, as it is typed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, Run, files_of
from interrupted import broken_off, curves
from scripted import scripted

from litmlp.engine.folder import run_folder

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=6", "data.batch_size=20")


@pytest.mark.slow
def test_a_process_that_is_killed_goes_on_by_its_folder(
    run: Run, tmp_path: Path
) -> None:
    whole = ("train", *QUICK, "hydra.run.dir=whole", "trainer.max_epochs=200")
    run(*whole)
    slow = ("callbacks.checkpoint.every_iterations=3", "trainer.max_epochs=200")
    command = [sys.executable, ROOT / "scripts" / "train.py", *QUICK, *slow]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    while not list(tmp_path.glob("logs/default/runs/*/checkpoints/last.ckpt")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (folder,) = tmp_path.glob("logs/default/runs/*")
    begun = files_of(folder / ".hydra")
    assert run("train", "resume=latest").code == 0
    assert begun == files_of(folder / ".hydra")
    ours = curves(folder)
    assert ours["loss/val"] == curves(tmp_path / "whole")["loss/val"]
    assert run_folder.is_done(folder)
    ended = run("train", f"resume={folder.relative_to(tmp_path)}")
    assert "holds a finished run" in ended.out
    assert "no unfinished run in" in run("train", "resume=latest").err


def test_a_done_run_with_a_larger_budget_goes_on(run: Run, tmp_path: Path) -> None:
    run("train", *QUICK, "hydra.run.dir=whole", "trainer.max_epochs=9")
    run("train", *QUICK, "hydra.run.dir=more")
    often = "callbacks.checkpoint.every_iterations=2"
    assert run("train", "resume=more", "trainer.max_epochs=9", often).code == 0
    whole, more = (
        run_folder.read_summary(tmp_path / name) for name in ("whole", "more")
    )
    assert more["metrics"] == whole["metrics"]
    assert more["epochs"] == 9
    assert more["overrides"][-2:] == ["trainer.max_epochs=9", often]
    assert (
        run_folder.read_config(tmp_path / "more").callbacks.checkpoint.every_iterations
        == 2
    )
    assert more["config_hash"] == whole["config_hash"]
    less = run("train", "resume=more", "trainer.max_epochs=8")
    assert less.err == "error: trainer.max_epochs=8: the run has reached 9 already\n"
    assert run_folder.read_summary(tmp_path / "more") == more


def test_a_run_that_ran_out_of_time_goes_on_with_more(run: Run, tmp_path: Path) -> None:
    endless = (*QUICK, "trainer.max_epochs=-1", "callbacks=minimal")
    run("train", *endless, "trainer.max_time=00:00:00:01", "hydra.run.dir=run")
    before = run_folder.read_summary(tmp_path / "run")
    assert run("train", "resume=run", "trainer.max_time=00:00:00:02").code == 0
    after = run_folder.read_summary(tmp_path / "run")
    assert after["iterations"] > before["iterations"]
    assert after["wall_seconds"] > 2
    steps = [step for step, _ in curves(tmp_path / "run")["loss/val"]]
    assert len(steps) == after["epochs"]
    assert steps == sorted(set(steps))


def test_a_run_that_stopped_early_trains_no_further(run: Run, tmp_path: Path) -> None:
    stop = ("optimizer.lr=0.1", "callbacks.early_stopping.patience=1")
    run("train", *QUICK, *stop, "trainer.max_epochs=50", "hydra.run.dir=run")
    before = run_folder.read_summary(tmp_path / "run")
    assert before["epochs"] < 50
    ended = run("train", "resume=run", "trainer.max_epochs=60")
    assert ended.code == 0
    assert "stopped early" in ended.out
    after = run_folder.read_summary(tmp_path / "run")
    same = ("metrics", "epochs", "iterations", "best_epoch")
    assert [after[name] for name in same] == [before[name] for name in same]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("optimizer.lr=1", "optimizer.lr=1: a resumed run keeps its config; only its"),
        ("+callbacks.checkpoint.x=1", "checkpoint.x=1: a resumed run keeps its config"),
        ("trainer.max_epochs=ten", "trainer.max_epochs=ten: expected int or null"),
        ("trainer.max_time=soon", "trainer.max_time=soon: give days:hours:minutes:sec"),
        ("trainer.max_epochs=7", "schedule of this run was made for its first budget"),
        ("-m", "resume= goes on with a single run: leave out -m"),
        ("hydra.run.dir=there", "hydra.run.dir=there: resume= says where"),
    ],
)
def test_what_cannot_change_is_one_line(
    overrides: str, message: str, begun: Path, run: Run
) -> None:
    files = files_of(begun)
    ended = run("train", f"resume={begun}", overrides)
    assert message in ended.mistake
    changed = {p.name for p in files if p.read_bytes() != files[p]}
    assert changed <= {"train.log"}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A done run whose schedule is that of its budget, as the script leaves it."""
    folder = tmp_path_factory.mktemp("begun") / "run"
    here = f"hydra.run.dir={folder}"
    assert scripted("train", *QUICK, "scheduler=cosine", here) == (0, "")
    return folder


def test_no_run_to_go_on_with_is_one_line(run: Run, tmp_path: Path) -> None:
    for which, message in (("there", "holds no run"), ("latest", "no unfinished run")):
        ended = run("train", f"resume={which}")
        assert message in ended.mistake
    assert not list(tmp_path.iterdir())


def test_a_command_that_is_refused_leaves_the_config_of_a_run_as_it_was(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    broken_off(monkeypatch, folder, *QUICK, "callbacks.checkpoint.every_epochs=1")
    before = files_of(folder / ".hydra")
    refused = run("train", *QUICK, "seed=1", "hydra.run.dir=mine")
    assert "unfinished run of another config" in refused.err
    assert before == files_of(folder / ".hydra")


def test_a_mistake_in_an_interrupted_runs_folder_removes_nothing(
    run: Run, tmp_path: Path
) -> None:
    run("train", "hydra.run.dir=here", *QUICK)
    path = tmp_path / "here" / "summary.json"
    path.write_text(path.read_text().replace('"done"', '"interrupted"'))
    assert run("train", "hydra.run.dir=here", "optimizer.lr=-1", *QUICK).code == 1
    assert path.is_file()
    assert (tmp_path / "here" / "checkpoints" / "best.ckpt").is_file()
