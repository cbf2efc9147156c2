"""Saturated and dead, counted by hand."""

import pytest
import torch
from torch import Tensor, nn

from litmlp.activations import Sine
from litmlp.engine.diagnosis.unit_health import unit_health

# Four units in three rows: one below zero in all of them, one far out in all of them.
INPUTS = torch.tensor([[-7.0, 1, -1, 20], [-8.0, 2, 1, 30], [-9.0, -3, 0.5, 40]])


def health(activation: nn.Module, inputs: Tensor = INPUTS) -> dict[str, float]:
    shares = unit_health(activation, [inputs])
    return {name: value.item() for name, value in shares.items()}


DEAD = {
    **{nn.ReLU(): 1 / 4, nn.ReLU(inplace=True): 1 / 4, nn.ELU(): 1 / 4},
    **{nn.SELU(): 1 / 4, nn.GELU(): 1 / 4, nn.SiLU(): 1 / 4, nn.Softplus(): 1 / 4},
    **{nn.Threshold(0.1, 0.0): 1 / 4, nn.ReLU6(): 2 / 4, nn.LogSigmoid(): 1 / 4},
}
SATURATED = {
    **{nn.Sigmoid(): 6 / 12, nn.Tanh(): 7 / 12, nn.Hardtanh(): 11 / 12},
    **{nn.Hardsigmoid(): 7 / 12, nn.Softsign(): 3 / 12},
}
NEITHER = [nn.LeakyReLU(), nn.PReLU(4), nn.RReLU(), nn.Softmax(dim=-1)]
NEITHER += [nn.Tanhshrink(), Sine()]


@pytest.mark.parametrize("activation", DEAD, ids=str)
def test_a_unit_is_dead_where_one_side_is_flat(activation: nn.Module) -> None:
    assert health(activation) == {"dead_share": DEAD[activation]}


@pytest.mark.parametrize("activation", SATURATED, ids=str)
def test_a_value_is_saturated_where_both_sides_are_flat(activation: nn.Module) -> None:
    share = pytest.approx(SATURATED[activation])
    assert health(activation) == {"saturated_share": share}


@pytest.mark.parametrize("activation", NEITHER, ids=str)
def test_what_is_flat_on_no_side_is_neither(activation: nn.Module) -> None:
    assert health(activation) == {}


@pytest.mark.parametrize(("activation", "end"), [(nn.Sigmoid(), 6.0), (nn.Tanh(), 3.0)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_sigmoid_is_flat_beyond_six_and_a_tanh_beyond_three(
    activation: nn.Module, end: float, sign: int
) -> None:
    for x, flat in ((end - 0.1, 0), (end + 0.1, 1)):
        share = health(activation, torch.tensor([[sign * x]]))
        assert share == {"saturated_share": flat}


def test_one_row_of_a_later_batch_brings_a_unit_to_life() -> None:
    awake = torch.full((1, 4), 0.5)
    assert unit_health(nn.ReLU(), [INPUTS, awake])["dead_share"] == 0
    assert unit_health(nn.Tanh(), [INPUTS, awake])["saturated_share"] == 7 / 12


def test_looking_draws_no_random_number() -> None:
    before = torch.get_rng_state()
    unit_health(nn.RReLU(), [INPUTS])
    assert torch.equal(before, torch.get_rng_state())


def test_an_activation_is_probed_without_its_hooks_and_left_as_it_was() -> None:
    activation = nn.RReLU()
    activation.register_forward_hook(lambda *_: pytest.fail("of a profiler"))
    unit_health(activation, [torch.randn(4, 2)])
    assert activation.training
