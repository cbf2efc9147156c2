"""A loss that is no finite number ends a run, and says what it came from."""

import copy
import re
from pathlib import Path

import pytest
import torch
from conftest import Compose
from torch import nn

from litmlp.callbacks import divergence
from litmlp.callbacks.divergence import FILE, first_infinite
from litmlp.engine.folder import run_folder
from litmlp.engine.predict.trained_model import trained
from litmlp.engine.run.train import train

CHOICES = ["data=diabetes", "optimizer=sgd", "optimizer.lr=1e30"]
CHOICES += ["trainer=cpu", "callbacks=minimal", "logger=csv"]


def test_a_diverging_run_ends_and_keeps_the_batch_for_replay(
    config: Compose, tmp_path: Path
) -> None:
    train(config(*CHOICES))
    summary = run_folder.read_summary(tmp_path / "run")
    assert summary["status"] == "done"
    assert summary["epochs"] < 3
    assert "the loss of epoch 1, batch 2 is inf" in summary["diverged"]
    assert "try a smaller optimizer.lr" in summary["diverged"]
    replay = torch.load(tmp_path / "run" / FILE, weights_only=True)
    assert replay["features"].isfinite().all()
    assert len(replay["features"]) == len(replay["targets"])
    assert replay["state_dict"]["network.output.weight"].isfinite().all()
    with trained(tmp_path / "run") as run:
        run.model.load_state_dict(replay["state_dict"])
        outputs = run.model(replay["features"])
        assert run.model.compute_loss(outputs, replay["targets"]).isinf()


def test_an_accelerator_judges_the_losses_of_an_epoch(
    config: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(divergence, "is_at_hand", lambda loss: False)
    train(config(*CHOICES))
    summary = run_folder.read_summary(tmp_path / "run")
    assert summary["epochs"] < 3
    assert re.match(r"the loss of epoch \d is (inf|nan): try", summary["diverged"])
    assert not (tmp_path / "run" / FILE).exists()


def test_the_first_layer_that_gives_no_number_is_named() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))
    rows, weights = torch.rand(3, 2), copy.deepcopy(model.state_dict())
    assert first_infinite(model, rows, weights) is None
    weights["2.weight"].fill_(torch.inf)
    assert first_infinite(model, rows, weights) == "2"
    weights["0.bias"].fill_(torch.nan)
    assert first_infinite(model, rows, weights) == "0"
    assert not model[1].num_batches_tracked  # nothing of it counts as training
    assert not weights["1.num_batches_tracked"]
