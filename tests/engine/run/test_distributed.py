"""Two processes train as one does."""

import csv
from pathlib import Path

import pytest
from conftest import Run

from litmlp.engine.folder.run_folder import read_summary

PAIR = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")


def losses_of(folder: Path) -> list[float]:
    with (folder / "metrics.csv").open() as file:
        rows = csv.DictReader(file)
        return [float(row["loss/val"]) for row in rows if row["loss/val"]]


@pytest.mark.slow
def test_two_processes_stop_early_at_the_same_epoch(run: Run, tmp_path: Path) -> None:
    soon = ("trainer.max_epochs=60", "callbacks.early_stopping.patience=1")
    uneven = ("data=iris", "data.batch_size=31", "optimizer.lr=0.05", *soon)
    run("train", *uneven, "trainer=cpu", "hydra.run.dir=alone")
    run("train", *uneven, *PAIR, "hydra.run.dir=together")
    alone, together = (losses_of(tmp_path / name) for name in ("alone", "together"))
    assert len(together) == len(alone) < 60
    assert together == pytest.approx(alone, rel=1e-3)


@pytest.mark.parametrize(
    "launcher",
    ["sequential", pytest.param("joblib", marks=pytest.mark.slow)],
)
def test_a_sweep_of_two_processes_a_run_trains_as_one_process_does(
    launcher: str, run: Run, tmp_path: Path
) -> None:
    quick = ("data=iris", "trainer.max_epochs=2")
    alone = ("optimizer.lr=0.01", "trainer=cpu", "hydra.run.dir=alone")
    assert run("train", *quick, *alone).code == 0
    pairs = ("optimizer.lr=0.01,-1", *PAIR, f"hydra/launcher={launcher}")
    ended = run("train", "-m", *quick, *pairs)
    assert ended.code == 1
    lines = ended.err.splitlines()  # torch may say that it ends the other process
    assert lines[-1] == "error: optimizer: Invalid learning rate: -1.0"
    assert "Traceback" not in ended.err
    (sweep,) = tmp_path.glob("logs/*/*/*")
    folders = sorted(sweep.glob("optimizer*"))
    done, failed = (read_summary(folder) for folder in folders)
    assert done["status"] == "done"
    assert failed["error"].startswith("UserError: optimizer: Invalid learning rate")
    together = losses_of(folders[0])
    assert len(together) == 2
    assert together == pytest.approx(losses_of(tmp_path / "alone"), rel=1e-4)
    files = {path.name for path in (folders[0] / "checkpoints").iterdir()}
    assert files == {"best.ckpt", "last.ckpt"}
    evaluated = run("evaluate", f"run={folders[0]}")
    assert "the same as in summary.json, to the last digit" in evaluated.out
