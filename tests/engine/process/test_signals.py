"""Real processes, real signals: what has been trained is saved, the exit code says."""

import json
import signal
import time
from pathlib import Path

import pytest
import torch
from conftest import Run
from interrupted import differences
from launched import started

from litmlp.engine.folder import run_folder

ENDLESS = [
    "data=iris",
    "trainer=cpu",
    "trainer.max_epochs=-1",
    "trainer.max_time=00:00:10:00",
    "callbacks=minimal",
    "model.hidden_sizes=[4]",
]


def wait_for(folder: Path, pattern: str) -> Path:
    """A file that matches, once it is there and training has gone on for a moment."""
    for _ in range(1200):
        if found := list(folder.glob(pattern)):
            time.sleep(0.5)
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"no {pattern}")


def trained_epochs(run: Path) -> int:
    last = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    return int(last["epoch"])


SLOW = [
    pytest.param(name, marks=pytest.mark.slow)
    for name in ("SIGTERM", "SIGUSR1", "SIGUSR2")
]


@pytest.mark.parametrize("name", ["SIGINT", *SLOW])
def test_a_signal_saves_and_the_run_goes_on_to_the_bit(
    name: str, tmp_path: Path, run: Run
) -> None:
    with started(tmp_path, *ENDLESS, "hydra.run.dir=here") as process:
        wait_for(tmp_path, "here/checkpoints")
        process.send_signal(getattr(signal, name))
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + getattr(signal, name), said
    assert "interrupted" in said
    assert "Traceback" not in said
    here = tmp_path / "here"
    assert run_folder.read_summary(here)["status"] == "interrupted"
    assert not (here / ".lock").exists()
    epochs = trained_epochs(here)
    assert epochs > 0
    more = f"trainer.max_epochs={epochs + 2}"
    assert run("train", "resume=here", more).code == 0
    assert run("train", *ENDLESS, more, "hydra.run.dir=whole").code == 0
    assert differences(tmp_path / "whole", here) == []


def test_a_signal_in_a_sweep_starts_no_further_job(tmp_path: Path) -> None:
    with started(
        tmp_path, "-m", *ENDLESS, "seed=0,1", "hydra.sweep.dir=there"
    ) as process:
        wait_for(tmp_path, "there/*/checkpoints")
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 143, said
    assert "the sweep is incomplete" in said
    summaries = list(tmp_path.glob("there/*/summary.json"))
    statuses = [json.loads(path.read_text())["status"] for path in summaries]
    assert statuses == ["interrupted"]


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    slow = "data.batch_size=full"
    with started(tmp_path, *ENDLESS, "hydra.run.dir=here", slow) as process:
        wait_for(tmp_path, "here/checkpoints")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode in (-signal.SIGTERM, 130, 143)
    assert (tmp_path / "here" / "summary.json").is_file()
