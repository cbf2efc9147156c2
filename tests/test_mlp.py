"""The network: its shapes, its blocks, and who initializes what."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from litmlp.activations import Sine
from litmlp.batchnorms import BatchNorm
from litmlp.errors import UserError
from litmlp.mlp import MLP

SMALL = {"num_features": 3, "num_outputs": 2}
RANDOM = {"output_initializer": nn.init.normal_, "bias_initializer": nn.init.normal_}
BEFORE = partial(BatchNorm, position="before_activation")
AFTER = partial(BatchNorm, position="after_activation")


def part_names(network: MLP) -> list[str]:
    return [name for name, _ in network.hidden[0].named_children()]


def test_a_3_3_2_2_network_has_26_parameters() -> None:
    network = MLP(**SMALL, hidden_sizes=[3, 2])
    layers = [network.hidden[0], network.hidden[1], network.output]
    counts = [sum(p.numel() for p in layer.parameters()) for layer in layers]
    assert counts == [12, 8, 6]
    assert sum(p.numel() for p in network.parameters()) == 26


def test_output_is_the_formula_of_the_layers() -> None:
    network = MLP(**SMALL, hidden_sizes=[5, 4], activation=nn.Tanh, **RANDOM)
    inputs = torch.randn(7, 3)
    first, second = network.hidden[0].linear, network.hidden[1].linear
    hidden = torch.tanh(inputs @ first.weight.T + first.bias)
    hidden = torch.tanh(hidden @ second.weight.T + second.bias)
    expected = hidden @ network.output.weight.T + network.output.bias
    assert network(inputs).shape == (7, 2)
    torch.testing.assert_close(network(inputs), expected)


def test_activation_and_initializer_can_differ_by_layer() -> None:
    network = MLP(
        **SMALL,
        hidden_sizes=[4, 4],
        activation=[nn.Sigmoid, nn.ReLU],
        initializer=[nn.init.ones_, partial(nn.init.constant_, val=0.5)],
    )
    activations = [type(block.activation) for block in network.hidden]
    assert activations == [nn.Sigmoid, nn.ReLU]
    assert (network.hidden[0].linear.weight == 1).all()
    assert (network.hidden[1].linear.weight == 0.5).all()


def test_output_layer_starts_at_zero_unless_chosen_otherwise() -> None:
    plain = MLP(**SMALL, hidden_sizes=[4], initializer=nn.init.ones_)
    assert (plain(torch.randn(7, 3)) == 0).all()
    chosen = MLP(
        **SMALL, hidden_sizes=[4], output_initializer=partial(nn.init.constant_, val=2)
    )
    assert (chosen.output.weight == 2).all()
    assert (chosen.hidden[0].linear.weight != 2).all()


def test_hidden_layers_start_as_he_uniform() -> None:
    weight = MLP(**SMALL, hidden_sizes=[5000]).hidden[0].linear.weight
    assert weight.abs().max().item() == pytest.approx(2**0.5, rel=0.01), "√(6/3)"


def test_each_layer_gets_a_fresh_activation() -> None:
    network = MLP(**SMALL, hidden_sizes=[4, 4], activation=nn.PReLU)
    assert network.hidden[0].activation is not network.hidden[1].activation


def test_biases_are_zero_unless_chosen_otherwise() -> None:
    half, two = (partial(nn.init.constant_, val=value) for value in (0.5, 2.0))
    for biases, values in (
        ({}, (0.0, 0.0)),
        ({"bias_initializer": half}, (0.5, 0.5)),
        ({"bias_initializer": half, "output_bias_initializer": two}, (0.5, 2.0)),
    ):
        network = MLP(**SMALL, hidden_sizes=[4], **biases)
        assert (network.hidden[0].linear.bias == values[0]).all()
        assert (network.output.bias == values[1]).all()


def test_without_biases_a_neuron_is_a_weighted_sum() -> None:
    network = MLP(**SMALL, hidden_sizes=[4], bias=False, **RANDOM)
    assert sum(p.numel() for p in network.parameters()) == 3 * 4 + 4 * 2
    assert (network(torch.zeros(1, 3)) == 0).all()


def test_batchnorm_stands_before_or_after_the_activation() -> None:
    before = MLP(**SMALL, hidden_sizes=[4], batchnorm=BEFORE)
    after = MLP(**SMALL, hidden_sizes=[4], batchnorm=AFTER)
    assert part_names(before) == ["linear", "batchnorm", "activation", "dropout"]
    assert part_names(after) == ["linear", "activation", "batchnorm", "dropout"]
    assert before.hidden[0].linear.bias is None, "the mean is subtracted right after"
    assert after.hidden[0].linear.bias is not None


def test_any_normalization_can_be_placed() -> None:
    network = MLP(
        **SMALL,
        hidden_sizes=[4],
        batchnorm=nn.LayerNorm,
        batchnorm_position=["after_activation"],
    )
    assert part_names(network) == ["linear", "activation", "batchnorm", "dropout"]


def test_dropout_is_for_hidden_layers_only() -> None:
    network = MLP(**SMALL, hidden_sizes=[4], dropout=nn.Dropout)
    assert isinstance(network.output, nn.Linear)
    assert sum(isinstance(m, nn.Dropout) for m in network.modules()) == 1


def test_sine_is_the_sine_of_a_frequency() -> None:
    inputs = torch.tensor([0.0, 0.5, -1.0])
    torch.testing.assert_close(Sine(frequency=3.0)(inputs), (3 * inputs).sin())


@pytest.mark.parametrize("name", ["activation", "initializer", "batchnorm", "dropout"])
def test_a_list_of_another_length_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"{name} has 3 entries for 2 hidden layers"):
        MLP(**SMALL, hidden_sizes=[4, 4], **{name: [nn.Identity] * 3})


@pytest.mark.parametrize(
    ("make", "values", "message"),
    [
        (MLP, {**SMALL, "hidden_sizes": [4, 0]}, "sizes must be 1 or more"),
        (MLP, {**SMALL, "num_outputs": 0, "hidden_sizes": []}, "and 0 outputs"),
        (Sine, {"frequency": 0}, "frequency must be positive, got 0"),
        (BEFORE, {"num_features": 4, "momentum": 2}, "between 0 and 1, got 2"),
        (BEFORE, {"num_features": 4, "eps": 0.0}, r"eps must be positive, got 0.0"),
        (BEFORE, {"num_features": 4, "position": "before"}, "position=before: must"),
    ],
)
def test_impossible_values_are_refused(
    make: Callable[..., nn.Module], values: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        make(**values)
