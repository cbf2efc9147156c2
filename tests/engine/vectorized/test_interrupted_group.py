"""A group that is killed or told to end goes on as one, with the same bits."""

import functools
import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from launched import are_gone, children, started, wait_until

SWEEP = (
    *("-m", "hydra/launcher=vectorized", "data=gauss", "data.num_samples=100"),
    *("model.hidden_sizes=[4]", "dropout=dropout", "trainer=cpu", "logger=csv"),
    *("trainer.max_epochs=100", "callbacks=minimal"),
    "callbacks.checkpoint.every_seconds=0.1",
)
ONE = ("hydra.launcher.num_threads=1", "seed=range(3)")
TWO = ("hydra.launcher.num_threads=2", "hydra.launcher.processes=2", "seed=range(32)")


def command(folder: Path, runs: Sequence[str]) -> list[str]:
    """The arguments of a sweep into a folder, or of one that goes on there."""
    where = "sweep.resume" if folder.exists() else "hydra.sweep.dir"
    return [*SWEEP, *runs, f"{where}={folder}"]


def last(folder: Path) -> dict[str, Any]:
    """The last checkpoint of each run, by the first part of its name."""
    return {
        path.parts[-3].rpartition("-")[0]: torch.load(path, weights_only=True)
        for path in folder.glob("*/checkpoints/last.ckpt")
    }


def epochs(folder: Path) -> list[int]:
    return [content["epoch"] for content in last(folder).values()]


def statuses(folder: Path) -> list[str]:
    paths = folder.glob("*/summary.json")
    return [json.loads(path.read_text())["status"] for path in paths]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """The last checkpoints of a sweep that was left alone."""

    @functools.cache
    def trained(runs: Sequence[str]) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("whole") / "there"
        with started(folder.parent, *command(folder, runs)) as process:
            assert process.wait(300) == 0
        return last(folder)

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
    number, folder = getattr(signal, name), tmp_path / "there"
    with started(tmp_path, *command(folder, runs)) as process:
        wait_until(lambda: sum(epoch > 0 for epoch in epochs(folder)) == count, 0.1)
        others = children(process.pid)
        process.send_signal(number)
        _, said = process.communicate(timeout=120)
    assert bool(others) == (runs == TWO)
    assert are_gone(others)
    killed = number == signal.SIGKILL
    assert process.returncode == (-number if killed else 128 + number), said
    assert statuses(folder) == ["running" if killed else "interrupted"] * count
    assert 0 < min(epochs(folder)) <= max(epochs(folder)) < 100
    if not killed:
        # all of a process at the same moment
        assert len({*epochs(folder)}) <= 1 + len(others)
        assert "Traceback" not in said
        assert "the sweep is incomplete" in said
    with started(tmp_path, *command(folder, runs)) as process:
        said = process.communicate(timeout=300)[0]
    assert process.returncode == 0
    assert f"{count} interrupted (goes on)" in said
    assert "trained alone" not in said
    assert statuses(folder) == ["done"] * count
    resumed, expected = last(folder), whole(runs)
    assert resumed.keys() == expected.keys()
    for key in ("state_dict", "optimizer_states", "loops", "epoch_state", "epoch"):
        for run in resumed:
            torch.testing.assert_close(
                resumed[run][key], expected[run][key], rtol=0, atol=0
            )
