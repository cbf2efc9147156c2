"""The optimizers of conf/ on w²/2, whose gradient is w, and on worked examples."""

from functools import partial
from typing import Any

import pytest
import torch
from conftest import CONF
from small_parts import option
from torch import Tensor, nn

from litmlp.ensemble import Ensemble, Member
from litmlp.errors import UserError
from litmlp.input_scales import InputScale
from litmlp.mlp import MLP
from litmlp.numeric_embeddings import Periodic
from litmlp.optimizers import Factors, kinds_of, make_optimizer
from litmlp.value_checks import check_value

NAMES = sorted(path.stem for path in (CONF / "optimizer").glob("*.yaml"))


optimizer = partial(option, "optimizer", reserved=["groups"])


def path(name: str, steps: int = 2, **changes: Any) -> list[float]:
    """w after each step down w²/2 from 1."""
    w = nn.Parameter(torch.ones(1, dtype=torch.float64))
    chosen = optimizer(name, **changes)([w])

    def closure() -> Tensor:
        chosen.zero_grad()
        loss = w.square().sum() / 2
        loss.backward()
        return loss

    points = []
    for _ in range(steps):
        chosen.step(closure)
        points.append(w.item())
    return points


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("sgd", {}, [0.99, 0.9801]),
        ("momentum", {}, [0.99, 0.9711]),
        ("adagrad", {}, [0.99, 0.98296455]),
        ("rmsprop", {}, [0.9, 0.83291798]),
        ("adam", {"betas": [0.9, 0.99]}, [0.99, 0.98000252]),
    ],
)
def test_steps_are_those_of_the_reference(
    name: str, changes: dict[str, Any], expected: list[float]
) -> None:
    assert path(name, lr=0.01, **changes) == pytest.approx(expected, abs=2e-8)


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_goes_down_from_its_own_defaults(name: str) -> None:
    points = [1.0, *path(name, steps=5)]
    assert points == sorted(points, reverse=True)
    assert 0 <= points[-1] < 1


def network_of_all_kinds() -> MLP:
    network = MLP(
        num_features=2,
        num_outputs=2,
        hidden_sizes=[3],
        input_scale=InputScale,
        batchnorm=nn.BatchNorm1d,
    )
    network.embedding = Periodic(torch.zeros(1, 2))
    return network


def values_by_name(
    factors: dict[str, dict[str, float]], **values: float
) -> dict[str, tuple[float, float]]:
    """Learning rate and decay of each parameter."""
    network = network_of_all_kinds()
    made = make_optimizer(partial(torch.optim.AdamW, **values), network, factors)
    names = {parameter: name for name, parameter in network.named_parameters()}
    return {
        names[parameter]: (group["lr"], group["weight_decay"])
        for group in made.param_groups
        for parameter in group["params"]
    }


def test_factors_of_the_kinds_of_a_parameter_are_multiplied() -> None:
    factors = {
        "bias": {"weight_decay": 0.0},
        "norm": {"lr": 3.0, "weight_decay": 5.0},
        "embedding": {"lr": 0.1},
        "input_scale": {"lr": 6.0},
        "output": {"lr": 2.0},
    }
    assert values_by_name(factors, lr=1.0, weight_decay=2.0) == {
        "input_scale.weight": (6.0, 2.0),
        "hidden.0.linear.weight": (1.0, 2.0),
        "hidden.0.batchnorm.weight": (3.0, 10.0),
        "hidden.0.batchnorm.bias": (3.0, 0.0),
        "output.weight": (2.0, 2.0),
        "output.bias": (2.0, 0.0),
        "embedding.frequencies": (0.1, 2.0),
        "embedding.phases": (0.1, 2.0),
        "embedding.weight": (0.1, 2.0),
        "embedding.bias": (0.1, 0.0),
    }


@pytest.mark.parametrize("factors", [{}, {"bias": {"lr": 1.0}, "norm": {"lr": 9.0}}])
def test_factors_that_change_nothing_leave_one_group(
    factors: dict[str, dict[str, float]],
) -> None:
    network = nn.Linear(2, 2)
    (group,) = make_optimizer(torch.optim.SGD, network, factors).param_groups
    assert group["params"] == [*network.parameters()]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"biases": {"lr": 1}}, r"groups\.biases: Input should be 'bias', 'norm'"),
        ({"bias": {"lr": -1}}, r"groups\.bias\.lr: Input should be greater than or"),
        ({"bias": {"lr": True}}, r"groups\.bias\.lr: Input should be a valid number"),
        ({"bias": 0}, r"groups\.bias: Input should be a valid dictionary"),
    ],
)
def test_a_factor_that_cannot_be_is_one_clear_error(
    groups: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        check_value(groups, Factors, "optimizer.groups")


def test_an_optimizer_without_a_value_refuses_its_factor() -> None:
    for kind, message in {
        torch.optim.Rprop: "Rprop has no weight_decay",
        torch.optim.LBFGS: "per-parameter",
    }.items():
        with pytest.raises((UserError, ValueError), match=message):
            make_optimizer(kind, nn.Linear(1, 1), {"bias": {"weight_decay": 0}})


def test_each_network_of_an_ensemble_has_an_output_layer() -> None:
    networks = [network_of_all_kinds() for _ in range(2)]
    members = [Member(encoding=nn.Identity(), network=network) for network in networks]
    kinds = kinds_of(Ensemble(members=members))
    outputs = {parameter for parameter, own in kinds.items() if "output" in own}
    assert outputs == {p for network in networks for p in network.output.parameters()}
