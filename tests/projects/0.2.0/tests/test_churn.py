"""The parts of churn do what they should, and a run with them succeeds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from churn.data import TwoMoons
from churn.losses import LogCosh
from churn.networks import ResidualNetwork


def test_network_maps_rows_to_outputs() -> None:
    network = ResidualNetwork(num_features=3, num_outputs=2, width=8)
    assert network(torch.zeros(5, 3)).shape == (5, 2)


def test_loss_is_log_cosh_of_the_error() -> None:
    outputs, targets = torch.tensor([[1.0], [0.0]]), torch.tensor([[3.0], [0.0]])
    expected = torch.tensor(2.0).cosh().log() / 2
    assert LogCosh()(outputs, targets).item() == pytest.approx(expected.item())


def test_data_have_two_classes_of_one_size() -> None:
    samples = TwoMoons(num_points=100).load()
    assert samples.inputs.shape == (100, 2)
    assert samples.targets.bincount().tolist() == [50, 50]


def test_a_run_succeeds(tmp_path: Path) -> None:
    overrides = ["experiment=churn", "trainer.max_epochs=2", "trainer=cpu"]
    command = [sys.executable, "-m", "litmlp", "train", *overrides]
    subprocess.run([*command, f"hydra.run.dir={tmp_path}"], check=True)
    assert json.loads((tmp_path / "summary.json").read_text())["status"] == "done"
