"""Runs of a sweep, each trained alone and all of them in a group, to be compared."""

import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from polars.testing import assert_frame_equal

from litmlp.engine.config.build import build_data
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.folder.checkpoints import last, rewind
from litmlp.engine.run.prepare import Run, build_run
from litmlp.engine.run.record import close_loggers
from litmlp.engine.vectorized.data_cache import DataCache
from litmlp.engine.vectorized.group_training import Group
from litmlp.engine.vectorized.grouped_run import GroupedRun

TINY = (
    *("data.batch_size=16", "model.hidden_sizes=[8,6]", "trainer=cpu"),
    *("trainer.precision=64-true", "trainer.max_epochs=4", "logger=csv"),
)
GAUSS = ("data=gauss", "data.num_samples=270")  # 91 of them in training


def varied(config: DictConfig, **keys: Sequence[Any]) -> list[DictConfig]:
    """One config per run; ``optimizer__lr=[1, 2]`` sets ``optimizer.lr``."""
    configs = []
    for i, values in enumerate(zip(*keys.values(), strict=True)):
        own = config.copy()
        own.folder = f"{config.folder}-{i}"
        for key, value in zip(keys, values, strict=True):
            OmegaConf.update(own, key.replace("__", "."), value, merge=False)
        configs.append(own)
    return configs


def untrained(config: DictConfig) -> Run:
    with run_settings(config):
        return build_run(config, Path(config.folder), build_data(config), None)


def built(config: DictConfig, kind: str, data: DataCache | None = None) -> Run:
    """A run in a folder of its own, or one that shares its data where possible."""
    config = config.copy()
    config.folder = f"{config.folder}-{kind}"
    folder = Path(config.folder)
    folder.mkdir(parents=True, exist_ok=True)
    with run_settings(config):
        own = data.build(config) if data else build_data(config)
        return build_run(config, folder, own, last(folder))


def train_alone(config: DictConfig) -> Run:
    run = built(config, "alone")
    with run_settings(run.config):
        torch.manual_seed(run.config.seeds.dropout)
        run.trainer.fit(run.model, datamodule=run.data)
        close_loggers(run.trainer, True)
    return run


def train_grouped(configs: Sequence[DictConfig], kind: str = "grouped") -> list[Run]:
    """Train runs as a group; runs whose folders hold checkpoints go on."""
    grouped = trained(configs, kind)
    for run in grouped:
        if run.error:
            raise run.error
    return [run.run for run in grouped]


def trained(configs: Sequence[DictConfig], kind: str) -> list[GroupedRun]:
    """The runs of a group that has ended, some of them perhaps with an error."""
    grouped, data = [], DataCache()
    for config in configs:
        run, point = built(config, kind, data), last(Path(f"{config.folder}-{kind}"))
        rewind(run.trainer.loggers, point)
        context = partial(nullcontext, None)
        grouped.append(GroupedRun(run, context, point.path if point else None))
    with run_settings(grouped[0].run.config):
        Group(grouped).train()
    for own in grouped:
        close_loggers(own.trainer, own.error is None)
    return grouped


def assert_same_as_alone(configs: Sequence[DictConfig]) -> None:
    """Each run of a group leaves what it leaves alone."""
    for config, run in zip(configs, train_grouped(configs), strict=True):
        assert_equal(train_alone(config), run)


def as_killed(run: Run, kind: str) -> None:
    """Leave what its folder held when the checkpoint before the last was written."""
    folder = run.folder.with_name(run.folder.name.rpartition("-")[0] + f"-{kind}")
    shutil.copytree(run.folder, folder)
    (folder / "checkpoints" / "previous.ckpt").replace(folder / "checkpoints/last.ckpt")


def checkpoint(run: Run, name: str) -> dict[str, Any]:
    path = run.folder / "checkpoints" / f"{name}.ckpt"
    saved: dict[str, Any] = torch.load(path, weights_only=True)
    return saved


def assert_equal(one: Run, other: Run, *, tolerance: float = 1e-10) -> None:
    """Two runs left the same weights, states and metrics."""
    for name in ("last", "best"):
        first, second = checkpoint(one, name), checkpoint(other, name)
        assert first["epoch"] == second["epoch"], name
        for key, tensor in first["state_dict"].items():
            scale = tensor.double().nan_to_num().abs().max() if tensor.numel() else 1
            torch.testing.assert_close(
                second["state_dict"][key],
                tensor,
                rtol=tolerance,
                atol=float(scale) * tolerance,
                equal_nan=True,
                msg=lambda text, key=key, name=name: f"{name} {key}: {text}",
            )
    assert first.keys() == second.keys()
    assert_same_progress(one, other)
    assert_same_metrics(one, other, tolerance=max(1e-6, tolerance))


def assert_same_metrics(one: Run, other: Run, *, tolerance: float) -> None:
    """Two runs logged the same numbers, except their speed."""
    tables = [
        pl.read_csv(run.folder / "metrics.csv").drop("samples_per_second", strict=False)
        for run in (one, other)
    ]
    assert_frame_equal(
        *(t.select(pl.col(sorted(t.columns)).cast(pl.Float64)) for t in tables),
        rel_tol=tolerance,
        abs_tol=tolerance,
    )


def assert_same_progress(one: Run, other: Run) -> None:
    """Both runs could be resumed, at the same step and with the same state."""
    first, second = checkpoint(one, "last"), checkpoint(other, "last")
    assert second["loops"] == first["loops"]
    assert second["epoch_state"]["samples"] == first["epoch_state"]["samples"]
    for value in second["metrics"].values():  # without those of other runs
        assert value.untyped_storage().nbytes() == value.nbytes
    assert second["callbacks"].keys() == first["callbacks"].keys()
    states = [c["optimizer_states"][0] for c in (first, second)]
    torch.testing.assert_close(states[1], states[0], rtol=1e-6, atol=1e-8)
    schedulers = [c["lr_schedulers"][0] for c in (first, second)]
    assert schedulers[1].keys() == schedulers[0].keys()
    for key, value in schedulers[0].items():
        is_number = isinstance(value, float)  # the best metric of a plateau scheduler
        expected = pytest.approx(value, rel=1e-6) if is_number else value
        assert schedulers[1][key] == expected, key
