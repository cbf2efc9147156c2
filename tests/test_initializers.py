"""Every initializer of conf/ has the spread that its first line promises."""

import math
from typing import Any

import pytest
import torch
from small_parts import option
from torch import Tensor, nn

from litmlp.errors import UserError
from litmlp.initializers import given_, identity_, uniform_
from litmlp.mlp import MLP

FAN_IN, FAN_OUT = 400, 600


def filled(name: str, **changes: Any) -> Tensor:
    torch.manual_seed(0)
    weight = torch.full((FAN_OUT, FAN_IN), math.nan)
    option("initializer", name, **changes)(weight)
    return weight


@pytest.mark.parametrize(
    ("name", "std"),
    [
        ("kaiming_normal", math.sqrt(2 / FAN_IN)),
        ("xavier_normal", math.sqrt(2 / (FAN_IN + FAN_OUT))),
        ("lecun_normal", math.sqrt(1 / FAN_IN)),
        ("normal", 1.0),
    ],
)
def test_normal_family_has_its_standard_deviation(name: str, std: float) -> None:
    weight = filled(name)
    assert weight.mean().item() == pytest.approx(0, abs=0.02 * std)
    assert weight.std().item() == pytest.approx(std, rel=0.01)
    within_one_std = (weight.abs() < std).float().mean().item()
    assert within_one_std == pytest.approx(0.6827, abs=0.01), "the bell's share"


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("kaiming_uniform", math.sqrt(6 / FAN_IN)),
        ("xavier_uniform", math.sqrt(6 / (FAN_IN + FAN_OUT))),
        ("lecun_uniform", math.sqrt(3 / FAN_IN)),
        ("uniform", 1 / math.sqrt(FAN_OUT)),
    ],
)
def test_uniform_family_fills_the_range_to_its_limit(name: str, limit: float) -> None:
    weight = filled(name)
    assert limit * 0.999 < weight.max().item() <= limit
    assert -limit <= weight.min().item() < -limit * 0.999
    assert weight.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.01)


def test_uniform_takes_bounds() -> None:
    weight = filled("uniform", a=-0.5, b=2.0)
    assert weight.min().item() == pytest.approx(-0.5, abs=1e-3)
    assert weight.max().item() == pytest.approx(2.0, abs=1e-3)
    only_upper = filled("uniform", b=0.1)
    assert only_upper.min().item() == pytest.approx(-1 / math.sqrt(FAN_OUT), abs=1e-3)


def test_uniform_refuses_bounds_the_wrong_way_round() -> None:
    with pytest.raises(UserError, match=r"lower bound a=1 is above .* b=0"):
        uniform_(torch.empty(2, 2), a=1, b=0)


def test_given_numbers_are_copied_in_the_layers_own_precision() -> None:
    weight = torch.empty(2, 3, dtype=torch.float64)
    given_(weight, [[0.1, 0.2, 0.3], [1, 2, 3]])
    assert weight.tolist() == [[0.1, 0.2, 0.3], [1.0, 2.0, 3.0]]
    assert given_(torch.empty(2), [0.5, 0.25]).tolist() == [0.5, 0.25]


def test_given_numbers_of_another_shape_name_both_shapes() -> None:
    with pytest.raises(UserError, match=r"shape is \[1, 2\], and .* takes \[2, 3\]"):
        given_(torch.empty(2, 3), [[1.0, 2.0]])
    with pytest.raises(UserError, match=r"shape is \[3\], and the layer takes \[2\]"):
        given_(torch.empty(2), [1.0, 2.0, 3.0])


def test_identity_passes_inputs_on_and_needs_as_many_neurons() -> None:
    network = MLP(
        num_features=3, num_outputs=3, hidden_sizes=[], output_initializer=identity_
    )
    rows = torch.randn(5, 3)
    assert torch.equal(network(rows), rows)
    with pytest.raises(UserError, match="3 inputs cannot pass 2 neurons unchanged"):
        identity_(torch.empty(2, 3))


@pytest.mark.parametrize(
    ("name", "value"), [("zeros", 0.0), ("ones", 1.0), ("constant", 0.1)]
)
def test_constant_family_is_one_value(name: str, value: float) -> None:
    assert (filled(name) == value).all()


def test_torch_default_leaves_what_linear_draws_and_that_is_not_xavier() -> None:
    torch.manual_seed(0)
    untouched = option("initializer", "untouched")
    network = MLP(
        num_features=FAN_IN,
        num_outputs=FAN_OUT,
        hidden_sizes=[],
        output_initializer=untouched,
        bias_initializer=untouched,
    )
    torch.manual_seed(0)
    linear = nn.Linear(FAN_IN, FAN_OUT)
    assert torch.equal(network.output.weight, linear.weight)
    assert torch.equal(network.output.bias, linear.bias)
    limit = network.output.weight.abs().max().item()
    assert limit == pytest.approx(1 / math.sqrt(FAN_IN), rel=0.001)
    assert limit != pytest.approx(math.sqrt(6 / (FAN_IN + FAN_OUT)), rel=0.1)
