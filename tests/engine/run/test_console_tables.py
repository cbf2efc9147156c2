"""Tables on the console: columns of the data, layers of the network."""

from functools import partial

import torch
from torch import nn

from litmlp.batchnorms import BatchNorm
from litmlp.data.samples import ColumnFacts
from litmlp.engine.run.console_tables import MOST_SHOWN, model_table, shortened
from litmlp.input_scales import InputScale
from litmlp.mlp import MLP


def facts(name: str, kind: str = "numeric", note: str = "") -> ColumnFacts:
    return ColumnFacts(name, kind, 2, 0, note)


def test_a_wide_table_is_cut_to_first_noted_and_target_columns() -> None:
    names = [f"x{i}" for i in range(3000)]
    report = [facts(n, note="constant" if n == "x2000" else "") for n in names]
    shown = [row.column for row in shortened([*report, facts("y", "target")])]
    assert len(shown) == MOST_SHOWN
    assert shown[:3] == ["x0", "x1", "x2"]
    assert shown[-2:] == ["x2000", "y"]


def test_a_narrow_table_is_shown_as_a_whole() -> None:
    report = [facts("x"), facts("y", "target")]
    assert shortened(report) == report


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
        activation=nn.PReLU,
        batchnorm=partial(BatchNorm, position="before_activation"),
        dropout=nn.Dropout,
    )
    assert rows(network, 300) == [
        ("input_scale", "InputScale", "batch × 300", "300", "0"),
        ("hidden.0.linear", "Linear", "batch × 4", "1,200", "0"),
        ("hidden.0.batchnorm", "BatchNorm", "batch × 4", "4", "4"),
        ("hidden.0.activation", "PReLU", "batch × 4", "1", "0"),
        ("hidden.0.dropout", "Dropout", "batch × 4", "0", "0"),
        ("output", "Linear", "batch × 1", "4", "1"),
        ("1,514 parameters", "", "", "1,509", "5"),
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
