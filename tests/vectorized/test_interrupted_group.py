"""A group that is killed or told to end goes on as one, with the same bits."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT

SWEEP = (
    "-m",
    "hydra/launcher=vectorized",
    "hydra.launcher.num_threads=1",
    "seed=0,1,2",
    "data=gauss",
    "data.num_samples=100",
    "model.hidden_sizes=[4]",
    "dropout=dropout",
    "trainer=cpu",
    "trainer.max_epochs=100",
    "callbacks=minimal",
    "callbacks.checkpoint.every_seconds=0.1",
    "logger=csv",
)


@contextmanager
def started(folder: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    where = f"sweep.resume={name}" if (folder / name).exists() else ""
    script = [sys.executable, str(ROOT / "scripts" / "train.py")]
    command = [*script, *SWEEP, where or f"hydra.sweep.dir={name}"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_checkpoints(folder: Path) -> None:
    for _ in range(2400):
        if len(list(folder.glob("*/checkpoints/previous.ckpt"))) == 3:
            return
        time.sleep(0.02)
    raise AssertionError("no checkpoints")


def last(folder: Path) -> dict[str, Any]:
    """The last checkpoints by the first part of the member's name."""
    return {
        path.parts[-3].rpartition("-")[0]: torch.load(path, weights_only=True)
        for path in folder.glob("*/checkpoints/last.ckpt")
    }


def statuses(folder: Path) -> list[str]:
    paths = folder.glob("*/summary.json")
    return [json.loads(path.read_text())["status"] for path in paths]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The last checkpoints of a sweep that was left alone."""
    folder = tmp_path_factory.mktemp("whole")
    with started(folder, "there") as process:
        assert process.wait(120) == 0
    return last(folder / "there")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_a_group_that_is_ended_goes_on_with_the_same_bits(
    name: str, whole: dict[str, Any], tmp_path: Path
) -> None:
    number = getattr(signal, name)
    with started(tmp_path, "there") as process:
        wait_for_checkpoints(tmp_path / "there")
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    killed = number == signal.SIGKILL
    assert process.returncode == (-number if killed else 128 + number), said
    assert statuses(tmp_path / "there") == ["running" if killed else "interrupted"] * 3
    epochs = {content["epoch"] for content in last(tmp_path / "there").values()}
    assert 0 < min(epochs) <= max(epochs) < 100
    if not killed:  # all were saved at the same moment
        assert len(epochs) == 1
        assert "Traceback" not in said
        assert "the sweep is incomplete" in said
    with started(tmp_path, "there") as process:
        said = process.communicate(timeout=120)[0]
    assert process.returncode == 0
    assert "3 interrupted (goes on)" in said
    assert "trained alone" not in said
    assert statuses(tmp_path / "there") == ["done"] * 3
    resumed = last(tmp_path / "there")
    assert resumed.keys() == whole.keys()
    for member, content in whole.items():
        for key in ("state_dict", "optimizer_states", "loops", "samples", "epoch"):
            torch.testing.assert_close(
                resumed[member][key], content[key], rtol=0, atol=0
            )
