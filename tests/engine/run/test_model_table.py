"""The network as a table: layers, shapes, weights, biases and totals."""

from functools import partial

import torch
from torch import nn

from litmlp.activations import Blend
from litmlp.batchnorms import BatchNorm
from litmlp.engine.run.model_table import model_table
from litmlp.input_scales import InputScale
from litmlp.mlp import MLP


def rows(network: nn.Module, num_features: int) -> list[tuple[str, ...]]:
    columns = [
        list(column.cells)
        for column in model_table(network, torch.zeros(1, num_features)).columns
    ]
    return [tuple(map(str, row)) for row in zip(*columns, strict=True)]


def test_a_3_3_2_2_network_is_told_layer_by_layer() -> None:
    network = MLP(num_features=3, num_outputs=2, hidden_sizes=[3, 2])
    assert rows(network, 3) == [
        ("hidden.0.linear", "Linear", "batch × 3", "9", "3"),
        ("hidden.0.activation", "ReLU", "batch × 3", "0", "0"),
        ("hidden.1.linear", "Linear", "batch × 2", "6", "2"),
        ("hidden.1.activation", "ReLU", "batch × 2", "0", "0"),
        ("output", "Linear", "batch × 2", "4", "2"),
        ("26 parameters", "", "", "19", "7"),
    ]


def test_all_parts_with_parameters_are_counted() -> None:
    network = MLP(
        num_features=300,
        num_outputs=1,
        hidden_sizes=[4],
        input_scale=InputScale,
        activation=partial(Blend, inner=nn.Tanh),
        batchnorm=partial(BatchNorm, position="before_activation"),
        dropout=nn.Dropout,
    )
    assert rows(network, 300) == [
        ("input_scale", "InputScale", "batch × 300", "300", "0"),
        ("hidden.0.linear", "Linear", "batch × 4", "1,200", "0"),
        ("hidden.0.batchnorm", "BatchNorm", "batch × 4", "4", "4"),
        ("hidden.0.activation", "Blend", "batch × 4", "4", "0"),
        ("hidden.0.dropout", "Dropout", "batch × 4", "0", "0"),
        ("output", "Linear", "batch × 1", "4", "1"),
        ("1,517 parameters", "", "", "1,512", "5"),
    ]


def test_looking_changes_nothing() -> None:
    network = MLP(
        num_features=3,
        num_outputs=1,
        hidden_sizes=[4],
        batchnorm=partial(BatchNorm, position="after_activation"),
    )
    before = {name: value.clone() for name, value in network.state_dict().items()}
    model_table(network, torch.zeros(1, 3))
    assert all(module.training for module in network.modules())
    assert not any(module._forward_hooks for module in network.modules())
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
