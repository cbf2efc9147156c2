"""Processes of this machine: their share of it, and what becomes of lost ones."""

import functools
import os
import signal
from collections.abc import Iterator

import pytest

from litmlp.engine.sweep.process_pool import Slot, call_all, environments, visible_gpus


@pytest.fixture(scope="module")
def slot() -> Iterator[Slot]:
    slot = Slot({"SHARE": "this one's"})
    yield slot
    slot.end()


def die_or_answer(dies: bool) -> str:
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.environ["SHARE"]


def test_a_killed_process_loses_its_call_and_is_replaced(slot: Slot) -> None:
    calls = [functools.partial(die_or_answer, dies) for dies in (False, True, False)]
    results = [result for _, result in call_all(calls, [slot], lambda: True)]
    assert results == ["this one's", None, "this one's"]


def test_no_call_is_made_once_they_are_to_stop(slot: Slot) -> None:
    calls = [functools.partial(die_or_answer, False) for _ in range(3)]
    ended: list[object] = []
    for call, _ in call_all(calls, [slot], lambda: not ended):
        ended.append(call)
    assert ended == calls[:1]


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
