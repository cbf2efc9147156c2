"""A group that is killed or told to end goes on as one, with the same bits."""

import functools
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT

SWEEP = (
    "-m",
    "hydra/launcher=vectorized",
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


ONE = ("hydra.launcher.num_threads=1", "seed=range(3)")
TWO = ("hydra.launcher.num_threads=2", "hydra.launcher.processes=2", "seed=range(32)")


@contextmanager
def started(
    folder: Path, name: str, runs: Sequence[str]
) -> Iterator[subprocess.Popen[str]]:
    where = f"sweep.resume={name}" if (folder / name).exists() else ""
    script = [sys.executable, str(ROOT / "scripts" / "train.py")]
    command = [*script, *SWEEP, *runs, where or f"hydra.sweep.dir={name}"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_checkpoints(folder: Path, count: int) -> None:
    for _ in range(6000):
        if len(list(folder.glob("*/checkpoints/previous.ckpt"))) == count:
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


def children(process: subprocess.Popen[str]) -> list[int]:
    command = ["ps", "-o", "pid=", "--ppid", str(process.pid)]
    # Where there are none it exits with 1.
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    return [int(number) for number in listed.stdout.split()]


def is_there(process: int) -> bool:
    """Whether it runs: one that has ended has no command, asked for or not."""
    command = Path("/proc", str(process), "cmdline")
    return command.exists() and bool(command.read_bytes())


def are_gone(processes: Sequence[int]) -> bool:
    """Whether they are, within some seconds."""
    for _ in range(100):
        if not any(map(is_there, processes)):
            return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """The last checkpoints of a sweep that was left alone."""

    @functools.cache
    def trained(runs: Sequence[str]) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("whole")
        with started(folder, "there", runs) as process:
            assert process.wait(300) == 0
        return last(folder / "there")

    return trained


@pytest.mark.slow
@pytest.mark.parametrize(("runs", "count"), [(ONE, 3), (TWO, 32)])
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_group_that_is_ended_goes_on_with_the_same_bits(
    name: str,
    runs: Sequence[str],
    count: int,
    whole: Callable[..., dict[str, Any]],
    tmp_path: Path,
) -> None:
    number = getattr(signal, name)
    with started(tmp_path, "there", runs) as process:
        wait_for_checkpoints(tmp_path / "there", count)
        others = children(process)
        process.send_signal(number)
        _, said = process.communicate(timeout=120)
    assert bool(others) == (runs == TWO)
    assert are_gone(others)
    killed = number == signal.SIGKILL
    assert process.returncode == (-number if killed else 128 + number), said
    assert (
        statuses(tmp_path / "there") == ["running" if killed else "interrupted"] * count
    )
    epochs = {content["epoch"] for content in last(tmp_path / "there").values()}
    assert 0 < min(epochs) <= max(epochs) < 100
    if not killed:
        assert len(epochs) <= 1 + len(others)  # all of a process at the same moment
        assert "Traceback" not in said
        assert "the sweep is incomplete" in said
    with started(tmp_path, "there", runs) as process:
        said = process.communicate(timeout=300)[0]
    assert process.returncode == 0
    assert f"{count} interrupted (goes on)" in said
    assert "trained alone" not in said
    assert statuses(tmp_path / "there") == ["done"] * count
    resumed = last(tmp_path / "there")
    assert resumed.keys() == whole(runs).keys()
    for member, content in whole(runs).items():
        for key in ("state_dict", "optimizer_states", "loops", "epoch_state", "epoch"):
            torch.testing.assert_close(
                resumed[member][key], content[key], rtol=0, atol=0
            )
