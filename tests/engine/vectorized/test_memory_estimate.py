"""How many runs fit side by side."""

from pathlib import Path

import pytest
import torch
from conftest import Compose

from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_data
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.run.prepare import Run, build_run
from litmlp.engine.vectorized import memory_estimate


def built(config: Compose, *overrides: str) -> Run:
    composed = config("data=gauss", "trainer=cpu", *overrides)
    with run_settings(composed):
        return build_run(composed, Path(composed.folder), build_data(composed), None)


def bytes_of_features(data: Data) -> int:
    """Of all splits: with the data, and in the group."""
    return 2 * sum(rows.nbytes for rows in data.split_features.values())


def fit_at_once(runs: list[Run], processes: int = 1) -> int:
    room = memory_estimate.Capacity(runs[0], processes)
    return 1 + sum(room.take(run) for run in runs[1:])


def test_memory_and_open_files_limit_a_group(
    config: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = built(config)
    one = memory_estimate.bytes_of_run(run) + memory_estimate.RUN_BYTES
    weights = sum(p.numel() * p.element_size() for p in run.model.parameters())
    assert memory_estimate.bytes_of_run(run) > 5 * weights
    data = bytes_of_features(run.data) + run.data.samples.inputs.nbytes
    monkeypatch.setattr(memory_estimate, "open_files", lambda: 228)
    monkeypatch.setattr(memory_estimate, "available", lambda device: 10**12)
    assert fit_at_once([run] * 100) == 25
    monkeypatch.setattr(
        memory_estimate, "available", lambda device: 2 * (data + 10.5 * one)
    )
    assert fit_at_once([run] * 100) == 10
    assert fit_at_once([run] * 100, processes=2) == 5
    monkeypatch.setattr(memory_estimate, "available", lambda device: 0)
    assert fit_at_once([run] * 100) == 1
    room = memory_estimate.Capacity(run, 1, most=3)  # given, so that nothing is counted
    assert [room.take(run) for _ in range(4)] == [True, True, False, False]


def test_each_run_is_counted_with_rows_of_its_own(
    config: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first run of few rows says nothing of the others; raw rows are held once."""
    fractions = (0.9, 0.1, 0.1, 0.1)
    few = ("data.validation_share=0.05", "monitor=loss/train")
    runs = [
        built(config, f"data.test_share={fraction}", *few) for fraction in fractions
    ]
    for run in runs:
        run.data.__dict__["samples"] = runs[0].data.samples
    small, large = map(memory_estimate.bytes_of_run, runs[:2])
    assert large > 1.1 * small
    data = sum(bytes_of_features(run.data) for run in runs[:3])
    data += runs[0].data.samples.inputs.nbytes
    needed = small + 2 * large + 3 * memory_estimate.RUN_BYTES + data
    for spare, expected in ((0, 3), (-8, 2)):
        monkeypatch.setattr(
            memory_estimate, "available", lambda device, s=spare: 2 * (needed + s)
        )
        assert fit_at_once(runs) == expected


def test_quantiles_are_counted(config: Compose) -> None:
    """A thousand a column: of wide rows they are larger than a small network."""
    runs = [built(config, f"preprocessing={p}") for p in ("none", "quantile_normal")]
    plain, ranked = map(memory_estimate.bytes_of_run, runs)
    quantiles = runs[1].model.get_buffer("preprocessing.scale.quantiles")
    assert ranked - plain == 2 * quantiles.nbytes


def test_an_estimate_leaves_the_run_as_it_was(config: Compose) -> None:
    run = built(config, "batchnorm=before_activation", "dropout=dropout")
    before = {name: t.clone() for name, t in run.model.state_dict().items()}
    numbers = torch.get_rng_state()
    memory_estimate.bytes_of_run(run)
    torch.testing.assert_close(dict(run.model.state_dict()), before, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), numbers)
