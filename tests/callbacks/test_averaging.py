"""Averages of the weights: their formulas, the best checkpoint, and a resumed run."""

from pathlib import Path
from typing import Any

import interrupted
import pytest
import torch
from conftest import Compose
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig
from torch import Tensor

from litmlp.callbacks.averaging import EMA, SWA
from litmlp.engine.config.build import build_data
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.predict.trained_model import from_checkpoint
from litmlp.engine.run.prepare import Run, build_run
from litmlp.errors import UserError

SMALL = (
    *("data=gauss", "data.num_samples=140", "data.noise=0.5", "model.hidden_sizes=[6]"),
    *("trainer=cpu", "trainer.max_epochs=9", "optimizer.lr=0.3"),
    *("callbacks=minimal", "batchnorm=before_activation"),
)
OPTIONS = {
    "ema": ("averaging=ema", "averaging.decay=0.8"),
    "swa": ("averaging=swa", "averaging.first_epoch=3"),
}


class Weights(Callback):
    """Notes the weights at the start and after each step."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Tensor]] = []
        self.ends: list[int] = []

    def note(self, trainer: Trainer, model: LightningModule, *rest: Any) -> None:
        named = model.named_parameters()
        self.steps.append({name: p.detach().clone() for name, p in named})

    on_train_start = on_train_batch_end = note

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        self.ends.append(len(self.steps) - 1)


def train(config: DictConfig, folder: Path, *more: Callback) -> Run:
    """Train a run in a folder."""
    config.folder = str(folder)
    with run_settings(config):
        run = build_run(config.copy(), folder, build_data(config))
        run.trainer.callbacks[:0] = more
        run.trainer.fit(run.model, datamodule=run.data)
    return run


def saved(folder: Path, name: str) -> dict[str, Any]:
    path = folder / "checkpoints" / f"{name}.ckpt"
    content: dict[str, Any] = torch.load(path, weights_only=True)
    return content


def mean_at_ends(path: list[Tensor], ends: list[int]) -> Tensor:
    return torch.stack([path[end] for end in ends[2:]]).mean(dim=0)


def moving_average(path: list[Tensor], ends: list[int]) -> Tensor:
    average = path[0]
    for step, weights in enumerate(path[1:], start=1):
        decay = min(0.8, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * weights
    return average


@pytest.mark.parametrize(
    ("name", "reference"), [("ema", moving_average), ("swa", mean_at_ends)]
)
def test_the_average_is_that_of_the_formula_and_is_validated_and_kept_as_best(
    name: str, reference: Any, config: Compose, tmp_path: Path
) -> None:
    weights = Weights()
    run = train(config(*SMALL, *OPTIONS[name]), tmp_path, weights)
    last, best = saved(tmp_path, "last"), saved(tmp_path, "best")
    for key, average in last["callbacks"][name.upper()]["average"].items():
        path = [step[key] for step in weights.steps]
        torch.testing.assert_close(average, reference(path, weights.ends))
        assert torch.equal(last["state_dict"][key], path[-1]), "training goes on raw"
    model = from_checkpoint(run.config, best)
    outputs = model.outputs(run.data.samples.inputs[run.data.rows["val"]])
    loss = model.model.compute_loss(outputs, run.data.split_targets["val"])
    assert float(loss) == pytest.approx(best["value"], rel=1e-5)
    assert not run.model.average, "a test has the weights of the best checkpoint"


@pytest.mark.parametrize("name", OPTIONS)
def test_a_run_that_goes_on_ends_with_the_same_bits(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From a checkpoint within an epoch."""
    often = "callbacks.checkpoint.every_iterations=3"
    command = (*SMALL, *OPTIONS[name], often)
    interrupted.run(tmp_path / "whole", *command)
    interrupted.broken_off(monkeypatch, tmp_path / "broken", *command, nth=11)
    interrupted.run(tmp_path / "broken", *command)
    assert interrupted.differences(tmp_path / "whole", tmp_path / "broken") == []


def test_accumulated_batches_count_once(config: Compose, tmp_path: Path) -> None:
    accumulated = "trainer.accumulate_grad_batches=3"
    run = train(config(*SMALL, *OPTIONS["ema"], accumulated), tmp_path)
    (own,) = (c for c in run.trainer.callbacks if isinstance(c, EMA))
    assert own._step == run.trainer.global_step == 9


def test_impossible_values_are_refused() -> None:
    with pytest.raises(UserError, match=r"decay=1: must lie in \[0, 1\)"):
        EMA(decay=1)
    with pytest.raises(UserError, match="first_epoch=0: must be 1 or more"):
        SWA(first_epoch=0)
