"""Norm penalties: their values, and that they are spared the biases."""

from functools import partial

import pytest
import torch
from small_parts import a_regressor, option
from torch import nn

from litmlp.errors import UserError
from litmlp.mlp import MLP
from litmlp.penalties import L1, L2, ElasticNet, Penalty

WEIGHTS = [torch.tensor([[1.0, -2.0], [0.0, 3.0]]), torch.tensor([[-4.0]])]  # 10, 30


def network() -> MLP:
    torch.manual_seed(0)
    half = partial(nn.init.constant_, val=0.5)
    return MLP(
        num_features=3,
        num_outputs=1,
        hidden_sizes=[4],
        bias_initializer=half,
        output_initializer=nn.init.normal_,
    ).double()


def trained(penalty: Penalty) -> MLP:
    """The network after five steps of a regressor on noise."""
    own = {"optimizer": partial(torch.optim.SGD, lr=0.001), "penalty": penalty}
    model = a_regressor(1, network=network(), **own).double()
    steps = model.configure_optimizers()["optimizer"]
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn(8, 4, generator=generator, dtype=torch.float64)
    for number in range(5):
        steps.zero_grad()
        result = model.training_step((rows[:, :3], rows[:, 3:]), number)
        result["loss"].backward()
        steps.step()
    return model.network


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("none", {}, 0.0),
        ("l1", {}, 1e-4 * 10),
        ("l2", {}, 1e-4 * 15),
        ("elastic_net", {}, 1e-4 * (0.5 * 10 + 0.5 * 15)),
        ("elastic_net", {"strength": 2.0, "l1_ratio": 0.25}, 2 * (2.5 + 0.75 * 15)),
    ],
)
def test_penalty_is_its_formula(
    name: str, changes: dict[str, float], expected: float
) -> None:
    assert float(option("penalty", name, **changes)(WEIGHTS)) == pytest.approx(expected)


def test_elastic_net_ends_at_l1_and_l2() -> None:
    for ratio, same in ((1.0, L1(strength=0.3)), (0.0, L2(strength=0.3))):
        mixed = ElasticNet(strength=0.3, l1_ratio=ratio)
        torch.testing.assert_close(mixed(WEIGHTS), same(WEIGHTS))


def test_biases_are_spared() -> None:
    strong = trained(L1(strength=100.0))
    start = network()
    assert strong.output.weight.norm() < 0.7 * start.output.weight.norm()
    first = strong.hidden[0].linear.bias
    assert first.detach().tolist() == pytest.approx([0.5] * 4, abs=0.05)


def test_impossible_values_are_refused() -> None:
    with pytest.raises(UserError, match="strength must be 0 or more, got -1"):
        L2(strength=-1)
    with pytest.raises(UserError, match=r"l1_ratio must lie between 0 and 1, got 1.5"):
        ElasticNet(strength=1, l1_ratio=1.5)
