"""A member that raises an error fails alone: the others do not notice."""

from pathlib import Path

import pytest
import torch
from conftest import Compose, Run
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig, OmegaConf
from test_launcher import SWEEP, summaries
from torch import Tensor
from torchmetrics import MeanMetric
from twins import TINY, trained, varied

from litmlp import construct
from litmlp.callbacks.layer_recorder import Snapshots
from litmlp.engine.vectorized import vectorized_launcher
from litmlp.engine.vectorized.group_training import Group


class Strict(MeanMetric):
    """A metric that takes no infinite prediction."""

    def update(self, predictions: Tensor, targets: Tensor) -> None:  # type: ignore[override]
        if not predictions.isfinite().all():
            raise ValueError("predictions must be finite")
        super().update(predictions)


class Raising(Callback):
    """Raises an error in one of its hooks, after two epochs."""

    def __init__(self, *, hook: str) -> None:
        self.hook = hook

    def on_train_epoch_start(self, trainer: Trainer, model: LightningModule) -> None:
        self._raise("on_train_epoch_start", trainer)

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        self._raise("on_train_epoch_end", trainer)

    def on_train_end(self, trainer: Trainer, model: LightningModule) -> None:
        self._raise("on_train_end", trainer)

    def on_exception(
        self, trainer: Trainer, model: LightningModule, exception: BaseException
    ) -> None:
        self._raise("on_exception", trainer)

    def _raise(self, hook: str, trainer: Trainer) -> None:
        if hook in self.hook and trainer.current_epoch == 2:
            raise RuntimeError(f"raised in {hook}")


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


def assert_fails_alone(members: list[DictConfig], failing: int, message: str) -> None:
    """That one fails, and the others leave what they leave without it."""
    with_it = trained(members, "with")
    assert message in str(with_it.pop(failing).error)
    others = [config for k, config in enumerate(members) if k != failing]
    for one, other in zip(with_it, trained(others, "without"), strict=True):
        assert one.error is None is other.error
        folders = [member.run.folder for member in (one, other)]
        curves = [(folder / "metrics.csv").read_text() for folder in folders]
        assert without_speed(curves[0]) == without_speed(curves[1])
        for name in ("best", "last"):
            paths = [folder / "checkpoints" / f"{name}.ckpt" for folder in folders]
            states = [torch.load(p, weights_only=True)["state_dict"] for p in paths]
            torch.testing.assert_close(*states, rtol=0, atol=0, equal_nan=True)


def without_speed(table: str) -> list[list[str]]:
    lines = [line.split(",") for line in table.splitlines()]
    speed = lines[0].index("samples_per_second")
    return [line[:speed] + line[speed + 1 :] for line in lines]


def test_a_metric_that_raises(config: Compose) -> None:
    base = config(*TINY, "data=gauss_regression", "optimizer=sgd")
    add(base, "task.metrics.strict", "Strict")
    members = varied(base, seed=[0, 1, 2], optimizer__lr=[0.01, 1e9, 0.02])
    assert_fails_alone(members, 1, "task.metrics: predictions must be finite")


@pytest.mark.parametrize(
    "hook",
    ["on_train_epoch_start", "on_train_epoch_end on_exception"],
)
def test_a_callback_that_raises(config: Compose, hook: str) -> None:
    base = config(*TINY, "data=gauss")
    members = varied(base, seed=[0, 1, 2])
    add(members[1], "callbacks.raising", "Raising", hook=hook)
    assert_fails_alone(members, 1, f"raised in {hook.split()[0]}")


def test_a_callback_that_raises_in_a_batch(config: Compose) -> None:
    members = varied(config(*TINY, "data=gauss"), seed=[0, 1, 2])
    add(members[0], "callbacks.raising", "RaisingSnapshots", every_epochs=1)
    assert_fails_alone(members, 0, "raised in a snapshot")


def test_a_scheduler_that_raises_in_an_iteration(config: Compose) -> None:
    members = varied(config(*TINY, "data=gauss", "scheduler=one_cycle"), seed=[0, 1, 2])
    members[2].scheduler.total_steps = 30
    assert_fails_alone(members, 2, "Tried to step 31 times")


def test_want_of_memory_is_told_with_the_number_of_members(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compute(group: Group, *arguments: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(vectorized_launcher.Group, "_compute_gradients", compute)
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
    each = summaries(tmp_path)
    failed = [name for name in each if each[name]["status"] == "failed"]
    assert len(failed) == 1
    assert f"error: {failed[0]}:" in ended.err
