"""Processes of this machine: their share of it, and what becomes of lost ones."""

import functools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from litmlp.engine.sweep.process_pool import Slot, call_all, environments, visible_gpus


@pytest.fixture
def slot() -> Iterator[Slot]:
    slot = Slot({"SHARE": "this one's"})
    yield slot
    slot.end()


def die_until(file: Path, times: int) -> str:
    with file.open("a") as tries:
        tries.write("x")
    if file.stat().st_size <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.environ["SHARE"]


def test_a_call_whose_process_dies_is_made_once_more(
    slot: Slot, tmp_path: Path
) -> None:
    calls = [
        functools.partial(die_until, tmp_path / "once", 1),
        functools.partial(die_until, tmp_path / "always", 9),
        functools.partial(die_until, tmp_path / "never", 0),
    ]
    results = dict(call_all(calls, [slot], lambda: True))
    assert results == {0: "this one's", 1: None, 2: "this one's"}
    assert (tmp_path / "once").stat().st_size == 2
    assert (tmp_path / "always").stat().st_size == 2


def test_no_call_is_made_once_they_are_to_stop(slot: Slot, tmp_path: Path) -> None:
    calls = [functools.partial(die_until, tmp_path / str(i), 0) for i in range(3)]
    ended: list[int] = []
    for place, _ in call_all(calls, [slot], lambda: not ended):
        ended.append(place)
    assert ended == [0]
    assert not (tmp_path / "1").exists()


def test_each_process_has_its_share_of_the_cores_and_a_gpu() -> None:
    four = environments(4, cores=8, gpus=["0", "1"], gpus_per_run=1)
    assert [one["CUDA_VISIBLE_DEVICES"] for one in four] == ["0", "1", "0", "1"]
    assert {one["OMP_NUM_THREADS"] for one in four} == {"2"}
    pairs = environments(2, cores=1, gpus=["4", "5", "6", "7"], gpus_per_run=2)
    assert [one["CUDA_VISIBLE_DEVICES"] for one in pairs] == ["4,5", "6,7"]
    assert {one["MKL_NUM_THREADS"] for one in pairs} == {"1"}


@pytest.mark.parametrize("gpus", [[], ["0"]])
def test_one_gpu_or_none_is_left_as_it_is(gpus: list[str]) -> None:
    (one,) = environments(1, cores=2, gpus=gpus, gpus_per_run=1)
    assert "CUDA_VISIBLE_DEVICES" not in one


def test_gpus_are_those_that_the_environment_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-5")
    assert visible_gpus() == ["2", "GPU-5"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert visible_gpus() == []
