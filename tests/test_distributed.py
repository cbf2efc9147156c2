"""Two processes train as one does."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT


def losses(folder: Path, *arguments: str) -> list[float]:
    command = [sys.executable, ROOT / "scripts" / "train.py", "data=iris"]
    budget = [f"hydra.run.dir={folder}", "trainer.max_epochs=3"]
    subprocess.run([*command, *budget, *arguments], check=True, capture_output=True)
    with (folder / "metrics.csv").open() as file:
        rows = csv.DictReader(file)
        return [float(row["loss/val"]) for row in rows if row["loss/val"]]


def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    alone = losses(tmp_path / "alone", "trainer=cpu")
    pair = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")
    together = losses(tmp_path / "together", *pair)
    assert len(together) == 3
    assert together == pytest.approx(alone, rel=1e-4)
    files = {path.name for path in (tmp_path / "together" / "checkpoints").iterdir()}
    assert files == {"best.ckpt", "last.ckpt"}
