"""Dropout with few random numbers, against what dropout promises."""

import torch
from torch import nn

from litmlp.dropouts import FastDropout


def test_fast_dropout_keeps_the_mean_and_drops_a_fraction() -> None:
    torch.manual_seed(0)
    values = 1 + torch.rand(500, 333, dtype=torch.float64)  # no multiple of eight
    for p in (26 / 256, 0.5, 230 / 256):  # what 0.1, 0.5 and 0.9 are rounded to
        dropped = FastDropout(round(p, 1))(values)
        kept = dropped != 0
        assert (
            abs(1 - kept.double().mean() - p) < 4 * (p * (1 - p) / kept.numel()) ** 0.5
        )
        torch.testing.assert_close(dropped[kept], values[kept] / (1 - p))
        for other in (kept.roll(1, 0), kept.roll(1, 1), kept.roll(8, 1)):
            both = (kept & other).double().mean()
            assert abs(both - (1 - p) ** 2) < 0.005  # independent of its neighbours


def test_fast_dropout_is_repeated_by_the_seed_and_has_a_gradient() -> None:
    values = torch.ones(6, 5, requires_grad=True)
    torch.manual_seed(3)
    first = FastDropout(0.5)(values)
    torch.manual_seed(3)
    assert torch.equal(first, FastDropout(0.5)(values))
    first.sum().backward()
    assert values.grad is not None
    assert torch.equal(values.grad, first.detach())


def test_fast_dropout_has_the_ends_of_dropout() -> None:
    values = torch.rand(8, 3)
    for p in (0.0, 1.0):
        assert torch.equal(FastDropout(p)(values), nn.Dropout(p)(values))
    assert torch.equal(FastDropout(1e-9)(values), values)
    assert not FastDropout(1 - 1e-9)(values).any()
    assert torch.equal(FastDropout(0.5).eval()(values), values)
    assert FastDropout(0.5)(values.bfloat16()).dtype == torch.bfloat16
