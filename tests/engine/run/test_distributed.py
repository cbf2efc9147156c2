"""Two processes train as one does."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Run

BUDGET = ("data=iris", "trainer.max_epochs=3")
PAIR = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")


def losses(folder: Path, *arguments: str) -> list[float]:
    command = [sys.executable, ROOT / "scripts" / "train.py", *BUDGET]
    target = f"hydra.run.dir={folder}"
    subprocess.run([*command, target, *arguments], check=True, capture_output=True)
    return losses_of(folder)


def losses_of(folder: Path) -> list[float]:
    with (folder / "metrics.csv").open() as file:
        rows = csv.DictReader(file)
        return [float(row["loss/val"]) for row in rows if row["loss/val"]]


def test_two_processes_train_as_one_does(run: Run, tmp_path: Path) -> None:
    assert run("train", *BUDGET, "trainer=cpu", "hydra.run.dir=alone").code == 0
    alone = losses_of(tmp_path / "alone")
    together = losses(tmp_path / "together", *PAIR)
    assert len(together) == 3
    assert together == pytest.approx(alone, rel=1e-4)
    files = {path.name for path in (tmp_path / "together" / "checkpoints").iterdir()}
    assert files == {"best.ckpt", "last.ckpt"}


@pytest.mark.slow
def test_two_processes_stop_early_at_the_same_epoch(tmp_path: Path) -> None:
    soon = ("trainer.max_epochs=60", "callbacks.early_stopping.patience=1")
    uneven = ("data.batch_size=31", "optimizer.lr=0.05", *soon)
    alone = losses(tmp_path / "alone", "trainer=cpu", *uneven)
    together = losses(tmp_path / "together", *PAIR, *uneven)
    assert len(together) == len(alone) < 60
    assert together == pytest.approx(alone, rel=1e-3)


@pytest.mark.parametrize(
    "launcher",
    ["sequential", pytest.param("joblib", marks=pytest.mark.slow)],
)
def test_a_sweep_of_two_processes_a_run(
    launcher: str, run: Run, tmp_path: Path
) -> None:
    quick = ("data=iris", "trainer.max_epochs=2", f"hydra/launcher={launcher}")
    ended = run("train", "-m", "optimizer.lr=0.01,-1", *PAIR, *quick)
    assert ended.code == 1
    lines = ended.err.splitlines()  # torch may say that it ends the other process
    assert lines[-1] == "error: optimizer: Invalid learning rate: -1.0"
    assert "Traceback" not in ended.err
    (sweep,) = tmp_path.glob("logs/*/*/*")
    done, failed = (
        json.loads((folder / "summary.json").read_text())
        for folder in sorted(sweep.glob("optimizer*"))
    )
    assert done["status"] == "done"
    assert failed["error"].startswith("UserError: optimizer: Invalid learning rate")
    evaluated = run("evaluate", f"run={next(sweep.glob('optimizer.lr-0.01-*'))}")
    assert "the same as in summary.json, to the last digit" in evaluated.out
