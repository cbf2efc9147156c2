"""A loss that is no finite number ends a run, and says what it came from."""

from pathlib import Path

import pytest
import torch
from conftest import Compose
from torch import nn

from litmlp import runs
from litmlp.callbacks.divergence import FILE, first_infinite
from litmlp.errors import UserError
from litmlp.memory import shortage_told
from litmlp.training import train


def test_a_diverging_run_ends_and_keeps_the_batch_for_replay(
    config: Compose, tmp_path: Path
) -> None:
    choices = ["data=diabetes", "optimizer=sgd", "optimizer.lr=1e30"]
    train(config(*choices, "trainer=cpu", "callbacks=minimal", "logger=csv"))
    summary = runs.read_summary(tmp_path / "run")
    assert summary["status"] == "done"
    assert summary["epochs"] < 3
    assert "try a smaller optimizer.lr" in summary["diverged"]
    replay = torch.load(tmp_path / "run" / FILE, weights_only=True)
    assert replay["features"].isfinite().all()
    assert len(replay["features"]) == len(replay["targets"])


def test_the_first_layer_that_gives_no_number_is_named() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    assert first_infinite(model, torch.ones(3, 2)) is None
    model[2].weight.data.fill_(torch.inf)
    assert first_infinite(model, torch.ones(3, 2)) == "2"
    model[0].bias.data.fill_(torch.nan)
    assert first_infinite(model, torch.ones(3, 2)) == "0"


def test_want_of_memory_says_what_needs_less() -> None:
    with pytest.raises(UserError, match=r"smaller data\.batch_size"), shortage_told():
        torch.empty(2**60)
    with pytest.raises(RuntimeError, match="another"), shortage_told():
        raise RuntimeError("another")
