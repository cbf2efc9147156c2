"""Jobs are dealt out evenly, and none is lost with its process."""

import math
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra.types import HydraContext
from omegaconf import OmegaConf

from litmlp.engine.folder.run_folder import write_summary
from litmlp.engine.folder.sweep_folder import folder_of
from litmlp.engine.sweep.job_launcher import Job
from litmlp.engine.sweep.parallel_launcher import JobGroups
from litmlp.engine.sweep.process_pool import Slot
from litmlp.engine.vectorized.display import Display
from litmlp.engine.vectorized.worker_processes import (
    deal_out,
    train_in_processes,
)


@pytest.mark.parametrize(
    ("sizes", "processes", "expected"),
    [
        ([40], 1, [[40]]),
        ([65], 1, [[33, 32]]),
        ([130], 2, [[33, 32], [33, 32]]),
        ([40], 2, [[20], [20]]),
        ([31], 2, [[31]]),  # of two halves each would cost more
        ([33], 2, [[17], [16]]),
        ([64], 9, [[16]] * 4),
        ([1, 2, 9, 40], 2, [[20, 9], [20, 2, 1]]),
        ([1] * 5, 2, [[1] * 3, [1] * 2]),
        ([], 2, [[]]),
    ],
)
def test_each_process_has_as_many_jobs_in_groups_that_are_worth_it(
    sizes: list[int], processes: int, expected: list[list[int]]
) -> None:
    numbers = iter(range(1000))
    groups: Any = [[next(numbers) for _ in range(size)] for size in sizes]
    parts: Any = deal_out(groups, processes, most=64)
    assert [[len(piece) for piece in part] for part in parts] == expected
    pieces = [piece for part in parts for piece in part]
    assert sorted(job for piece in pieces for job in piece) == list(range(sum(sizes)))
    assert all(any(set(p) <= set(group) for group in groups) for p in pieces if p)


@pytest.fixture
def slot() -> Iterator[Slot]:
    slot = Slot({})
    yield slot
    slot.end()


def job(folder: Path) -> Job:
    place = {"dir": str(folder.parent), "subdir": folder.name}
    hydra = {"sweep": place, "runtime": {}, "overrides": {"task": []}}
    config = OmegaConf.create({"hydra": hydra, "mode": "min"})
    context: Any = HydraContext
    return Job(config, context, float)


def train(groups: JobGroups, display: Display | None = None) -> None:
    """Every job is done, but for those of which the process dies."""
    for one in (job for group in groups for job in group):
        folder = folder_of(one.composed)
        if folder.name == "deadly":
            os.kill(os.getpid(), signal.SIGKILL)
        folder.mkdir()
        write_summary(folder, {"status": "done", "best_value": 4})


@pytest.mark.slow
def test_a_killed_process_leaves_its_jobs_and_another_takes_its_place(
    slot: Slot, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    own, second, deadly = (job(tmp_path / name) for name in ("own", "second", "deadly"))
    train_in_processes([[[own]], [[second, deadly]]], train, [slot])
    assert folder_of(own.composed).is_dir()
    assert second.result._return_value == 4
    assert deadly.result._return_value == math.inf
    assert "a process was killed: the sweep goes on" in capfd.readouterr().err
    again = job(tmp_path / "again")
    train_in_processes([[], [[again]]], train, [slot])
    assert again.result._return_value == 4


def fail(groups: JobGroups, display: Display | None = None) -> None:
    if groups:
        raise ValueError("what went wrong")


def test_an_error_in_another_process_is_raised_here(slot: Slot, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="what went wrong"):
        train_in_processes([[], [[job(tmp_path)]]], fail, [slot])
