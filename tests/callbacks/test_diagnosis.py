"""What is recorded of each layer is what one finds by hand, and disturbs nothing."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Compose
from omegaconf import DictConfig
from torch import Tensor, nn

from litmlp.callbacks.diagnosis import Diagnosis, alike_share
from litmlp.callbacks.layer_snapshots import ENOUGH_ROWS
from litmlp.engine.config.build import build_data, build_model
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.diagnosis.network_layers import layers_of, leaves, record_calls
from litmlp.engine.folder import run_folder
from litmlp.engine.run.train import train
from litmlp.errors import UserError
from litmlp.supervised import Batch, Supervised

ONE_EPOCH = ("trainer=cpu", "trainer.max_epochs=1")
FULL_BATCH = ("data=diabetes", "data.batch_size=full", *ONE_EPOCH)
RANDOM_OUTPUT = "initializer@output_initializer=xavier_uniform"


def records(config: DictConfig) -> list[dict[str, float]]:
    """Train; return the rows of metrics.csv that hold a diagnosis."""
    train(config)
    return recorded(config)


def recorded(config: DictConfig) -> list[dict[str, float]]:
    with (Path(config.folder) / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["gradient_norm/all"]]
    return [{tag: float(value) for tag, value in row.items() if value} for row in rows]


def last_checkpoint(config: DictConfig) -> dict[str, Any]:
    path = Path(config.folder) / "checkpoints" / "last.ckpt"
    checkpoint: dict[str, Any] = torch.load(path, weights_only=True)
    return checkpoint


def untrained(config: DictConfig) -> tuple[Supervised, Batch]:
    """The model before training, and the rows as its first epoch has them."""
    with run_settings(config):
        data = build_data(config)
        features, targets = zip(*data.train_dataloader(), strict=True)
        return build_model(config, data), (torch.cat(features), torch.cat(targets))


def weights(parameters: Sequence[Tensor]) -> dict[str, Tensor]:
    matrices = [p.detach() for p in parameters if p.ndim == 2]
    return dict(zip(["layer_1", "layer_2", "output"], matrices, strict=True))


def test_gradients_are_those_of_autograd_before_clipping(config: Compose) -> None:
    penalty = ("penalty=l2", "penalty.strength=0.1")
    composed = config(
        *FULL_BATCH, RANDOM_OUTPUT, *penalty, "trainer.gradient_clip_val=1e-3"
    )
    (record,) = records(composed)
    model, (features, targets) = untrained(composed)
    loss = model.compute_loss(model(features), targets)
    loss += 0.1 * sum(p.square().sum() / 2 for p in model.parameters() if p.ndim == 2)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    for name, gradient in weights(gradients).items():
        expected = gradient.norm().item()
        assert record[f"gradient_norm/{name}"] == pytest.approx(expected, rel=1e-4)
    total = torch.cat([gradient.flatten() for gradient in gradients]).norm().item()
    assert record["gradient_norm/all"] == pytest.approx(total, rel=1e-4)


def test_updates_are_the_change_of_the_weights(config: Compose) -> None:
    composed = config(*FULL_BATCH, RANDOM_OUTPUT, "optimizer=adamw")
    (record,) = records(composed)
    before = weights(list(untrained(composed)[0].network.parameters()))
    state = last_checkpoint(composed)["state_dict"]
    trained = [value for name, value in state.items() if name.startswith("network.")]
    for name, after in weights(trained).items():
        expected = ((after - before[name]).norm() / before[name].norm()).item()
        assert record[f"update_ratio/{name}"] == pytest.approx(expected, rel=1e-4)


def test_activations_are_those_of_the_first_iteration(config: Compose) -> None:
    tanh_relu = ",".join(
        f"{{_target_: torch.nn.{name}, _partial_: true}}" for name in ("Tanh", "ReLU")
    )
    layers = f"model.activation=[{tanh_relu}]"
    composed = config(*FULL_BATCH, "initializer=normal", layers)
    (record,) = records(composed)
    model, (features, _) = untrained(composed)
    first, second = model.network.hidden
    outputs = {"layer_1": first(features), "layer_2": second(first(features))}
    for name, values in outputs.items():
        mean, spread = values.mean().item(), values.std(correction=0).item()
        assert record[f"activation_mean/{name}"] == pytest.approx(mean, rel=1e-4)
        assert record[f"activation_spread/{name}"] == pytest.approx(spread, rel=1e-4)
    saturated = (1 - outputs["layer_1"] ** 2 < 0.01).double().mean().item()
    assert 0.1 < saturated < 0.9
    assert record["saturated_share/layer_1"] == pytest.approx(saturated, rel=1e-4)
    assert "dead_share/layer_1" not in record
    assert "saturated_share/layer_2" not in record


def test_a_dead_unit_is_silent_in_every_row_of_several_batches(
    config: Compose,
) -> None:
    bias = ("initializer@bias_initializer=normal", "bias_initializer.mean=-2.5")
    still = ("data.batch_size=8", "optimizer=sgd", "optimizer.lr=0")
    composed = config(*FULL_BATCH, *still, *bias)
    (record,) = records(composed)
    model, (features, _) = untrained(composed)
    silent = model.network.hidden[0](features) == 0
    in_one_batch, in_enough = silent[:8].all(dim=0), silent[:ENOUGH_ROWS].all(dim=0)
    assert 0 < in_enough.sum() < in_one_batch.sum() < 64
    assert record["dead_share/layer_1"] == in_enough.double().mean()


def test_units_of_equal_weights_are_alike() -> None:
    assert alike_share(torch.ones(4, 3)) == 1
    assert alike_share(torch.zeros(4, 3)) == 1
    assert alike_share(torch.randn(4, 3)) == 0
    assert alike_share(torch.tensor([[1.0, 2], [1.0001, 2], [2, 1]])) == 0.5
    assert alike_share(torch.ones(1, 3)) == 0


def test_records_stand_at_the_iteration_whose_weights_they_are_of(
    config: Compose,
) -> None:
    every = "callbacks.diagnosis.every_epochs=3"
    composed = config("data=iris", "trainer=cpu", "trainer.max_epochs=9", every)
    found = [(row["epoch"], row["step"]) for row in records(composed)]
    assert found == [(0, 0), (1, 3), (3, 9), (6, 18), (8, 24)]


@pytest.mark.parametrize(
    "limit",
    [
        ("optimizer.lr=0.1", "callbacks.early_stopping.patience=2"),
        ("trainer.max_steps=20",),
    ],
)
def test_the_last_epoch_is_recorded_however_the_fit_ends(
    limit: tuple[str, ...], config: Compose
) -> None:
    composed = config("data=iris", "trainer=cpu", *limit)
    *_, record = records(composed)
    last = run_folder.read_summary(Path(composed.folder))["epochs"] - 1
    assert last not in (0, 1, 99)
    assert record["epoch"] == last


@pytest.mark.parametrize(
    "choices",
    [
        ("dropout=dropout", "batchnorm=before_activation", "activation=rrelu"),
        ("optimizer=lbfgs", "data.batch_size=full"),
        ("trainer.accumulate_grad_batches=2", "trainer.precision=bf16-mixed"),
    ],
)
def test_a_run_gives_the_same_bits_with_and_without(
    choices: tuple[str, ...], config: Compose
) -> None:
    quick = ("data=spiral", "trainer=cpu", "trainer.max_epochs=3", *choices)
    examined = config(*quick, "callbacks=full", "callbacks.diagnosis.every_epochs=1")
    plain = config(*quick, "callbacks=minimal", "logger=csv", folder="plain")
    assert train(examined) == train(plain)
    assert len(recorded(examined)) == 3
    first, second = (last_checkpoint(c)["state_dict"] for c in (examined, plain))
    assert all(torch.equal(first[name], second[name]) for name in first)


class OwnNetwork(nn.Module):
    """Uses one activation twice and one layer twice; the rest is functional."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(5, 1)
        self.middle = nn.Linear(5, 5)
        self.entry = nn.Linear(10, 5)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.activation(self.entry(inputs))
        hidden = self.activation(self.middle(hidden))
        hidden = torch.relu(self.middle(hidden))
        outputs: Tensor = self.output(hidden)
        return outputs


def test_layers_of_another_network_are_numbered_as_they_are_called() -> None:
    network = OwnNetwork()
    with record_calls(network, leaves(network)) as calls:
        network(torch.randn(7, 10))
    layers = {layer.name: layer for layer in layers_of(calls)}
    assert list(layers) == ["layer_1", "layer_2", "output"]
    owners = [network.entry, network.middle, network.output]
    for layer, owner in zip(layers.values(), owners, strict=True):
        assert layer.parameter is owner.weight
    kinds = [layer.activation for layer in layers.values()]
    assert kinds == [network.activation, network.activation, None]


def test_an_interval_below_one_epoch_is_a_mistake() -> None:
    with pytest.raises(UserError, match="every_epochs=0: must be 1 or more"):
        Diagnosis(every_epochs=0)
