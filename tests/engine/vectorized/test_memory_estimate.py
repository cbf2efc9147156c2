"""How many runs fit side by side."""

import pytest
from conftest import Compose
from grouped_and_alone import untrained

from litmlp.engine.run.prepare import Run
from litmlp.engine.vectorized import memory_estimate
from litmlp.engine.vectorized.memory_estimate import RUN_BYTES, bytes_of_run

GAUSS = ("data=gauss", "trainer=cpu")


def bytes_of_features(run: Run) -> int:
    """Of all splits: with the data, and in the group."""
    return 2 * sum(rows.nbytes for rows in run.data.split_features.values())


def count_taken(
    runs: list[Run], bytes_free: float, processes: int, monkeypatch: pytest.MonkeyPatch
) -> int:
    monkeypatch.setattr(memory_estimate, "available", lambda device: bytes_free)
    room = memory_estimate.Capacity(processes)
    return sum(room.take(run) for run in runs)


def test_memory_and_open_files_limit_a_group(
    config: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = untrained(config(*GAUSS))
    one = bytes_of_run(run) + RUN_BYTES
    assert bytes_of_run(run) > 5 * sum(p.nbytes for p in run.model.parameters())
    data = bytes_of_features(run) + run.data.samples.inputs.nbytes
    monkeypatch.setattr(memory_estimate, "open_files", lambda: 228)
    enough_for_ten = 2 * (data + 10.5 * one)
    for free, processes, expected in (
        (10**12, 1, 25),
        (enough_for_ten, 1, 10),
        (enough_for_ten, 2, 5),
        (0, 1, 1),
    ):
        assert count_taken([run] * 100, free, processes, monkeypatch) == expected
    room = memory_estimate.Capacity(1, most=3)  # given, so that nothing is counted
    assert [room.take(run) for _ in range(4)] == [True, True, True, False]


def test_each_run_is_counted_with_rows_of_its_own(
    config: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first run of few rows says nothing of the others; raw rows are held once."""
    few = (*GAUSS, "data.validation_share=0.05", "monitor=loss/train")
    runs = [untrained(config(*few, f"data.test_share={f}")) for f in (0.9, *[0.1] * 3)]
    for run in runs:
        run.data.__dict__["samples"] = runs[0].data.samples
    small, large = map(bytes_of_run, runs[:2])
    assert large > 1.1 * small
    data = runs[0].data.samples.inputs.nbytes + sum(map(bytes_of_features, runs[:3]))
    needed = small + 2 * large + 3 * RUN_BYTES + data
    assert count_taken(runs, 2 * needed, 1, monkeypatch) == 3
    assert count_taken(runs, 2 * needed - 16, 1, monkeypatch) == 2
