"""A run that raises an error fails alone: the other runs of its group go on."""

from pathlib import Path

import polars as pl
import pytest
import torch
from conftest import Compose, Run
from grouped_and_alone import GAUSS, TINY, trained, varied
from lightning.pytorch import Callback, Trainer
from omegaconf import DictConfig, OmegaConf
from polars.testing import assert_frame_equal
from test_launcher import SWEEP, summaries
from torch import Tensor
from torchmetrics import MeanMetric

from litmlp import construct
from litmlp.callbacks.layer_snapshots import Snapshots
from litmlp.engine.vectorized import train_groups
from litmlp.engine.vectorized.group_training import Group


class Strict(MeanMetric):
    """A metric that takes no infinite prediction."""

    def update(self, predictions: Tensor, targets: Tensor) -> None:  # type: ignore[override]
        if not predictions.isfinite().all():
            raise ValueError("predictions must be finite")
        super().update(predictions)


class Raising(Callback):
    """Raises an error at the end of the third epoch, and another because of it."""

    def on_train_epoch_end(self, trainer: Trainer, *arguments: object) -> None:
        if trainer.current_epoch == 2:
            raise RuntimeError("raised in an epoch")

    def on_exception(self, *arguments: object) -> None:
        raise RuntimeError("raised after an error")


class RaisingSnapshots(Snapshots):
    """Raises an error in the hook of a batch."""

    def on_before_optimizer_step(self, *arguments: object) -> None:
        raise RuntimeError("raised in a snapshot")

    def look(self, *arguments: object) -> None: ...


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(construct.ALLOWED, f"{__name__}.", object)


def add(config: DictConfig, key: str, kind: str, **arguments: object) -> None:
    node = {"_target_": f"{__name__}.{kind}", **arguments}
    OmegaConf.update(config, key, node, force_add=True)


def assert_fails_alone(configs: list[DictConfig], failing: int, message: str) -> None:
    """One run fails, and the others leave what they leave without it."""
    with_it = trained(configs, "with")
    assert message in str(with_it.pop(failing).error)
    others = [config for k, config in enumerate(configs) if k != failing]
    for one, other in zip(with_it, trained(others, "without"), strict=True):
        assert one.error is None is other.error
        folders = [each.run.folder for each in (one, other)]
        curves = (pl.read_csv(folder / "metrics.csv") for folder in folders)
        assert_frame_equal(*(table.drop("samples_per_second") for table in curves))
        for name in ("best", "last"):
            paths = [folder / "checkpoints" / f"{name}.ckpt" for folder in folders]
            states = [torch.load(p, weights_only=True)["state_dict"] for p in paths]
            torch.testing.assert_close(*states, rtol=0, atol=0, equal_nan=True)


def test_a_metric_that_raises(config: Compose) -> None:
    base = config(*TINY, "data=gauss_regression", "optimizer=sgd")
    add(base, "task.metrics.strict", "Strict")
    configs = varied(base, seed=[0, 1, 2], optimizer__lr=[0.01, 1e9, 0.02])
    assert_fails_alone(configs, 1, "task.metrics: predictions must be finite")


def test_a_callback_that_raises_also_when_the_run_has_failed(config: Compose) -> None:
    configs = varied(config(*TINY, *GAUSS), seed=[0, 1, 2])
    add(configs[1], "callbacks.raising", "Raising")
    assert_fails_alone(configs, 1, "raised in an epoch")


def test_a_callback_that_raises_in_a_batch(config: Compose) -> None:
    configs = varied(config(*TINY, *GAUSS), seed=[0, 1, 2])
    add(configs[0], "callbacks.raising", "RaisingSnapshots", every_epochs=1)
    assert_fails_alone(configs, 0, "raised in a snapshot")


def test_want_of_memory_is_told_with_the_number_of_runs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compute(group: Group, *arguments: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(train_groups.Group, "_compute_gradients", compute)
    ended = run("train", *SWEEP, "seed=range(6)")
    assert ended.code == 1
    told = (
        "out of memory: 6 runs side by side are too many: hydra.launcher.max_members=3"
    )
    assert ended.err.count(told) == 1
    assert "Traceback" not in ended.err
    for summary in summaries(tmp_path).values():
        assert summary["status"] == "failed"
        assert told in summary["error"]


def test_an_error_says_whose_it_is(run: Run, tmp_path: Path) -> None:
    ended = run("train", *SWEEP, "scheduler=one_cycle", "scheduler.total_steps=2,400")
    assert ended.code == 1
    (name,) = (n for n, own in summaries(tmp_path).items() if own["status"] == "failed")
    assert f"error: {name}:" in ended.err
