"""Scales against scikit-learn."""

import math

import pytest
import torch
from sklearn.preprocessing import QuantileTransformer, RobustScaler, StandardScaler
from torch import nn

from litmlp.data.scaling import Logit, QuantileNormal, RobustScale, Standardize
from litmlp.errors import UserError


def test_standardize_is_scikit_learns() -> None:
    rows = torch.tensor([5.0, -100.0]) + torch.tensor([0.1, 30.0]) * torch.randn(50, 2)
    others = 10 * torch.randn(7, 2)
    reference = StandardScaler().fit(rows.double().numpy())
    expected = torch.tensor(reference.transform(others.double().numpy()))
    ours = Standardize(rows.double())(others.double())
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 123_456.789])
@pytest.mark.parametrize("count", [1, 3, 1000])
def test_a_constant_column_becomes_zero(value: float, count: int) -> None:
    rows = torch.full((count, 1), value)
    assert (Standardize(rows)(rows) == 0).all()


@pytest.mark.parametrize("scale", [Standardize, RobustScale, QuantileNormal])
def test_missing_values_stay_missing_and_do_not_count(scale: type[nn.Module]) -> None:
    rows = torch.randn(200, 2) * torch.tensor([1.0, 30.0])
    holes = torch.cat([rows, torch.full((50, 2), math.nan)])
    torch.testing.assert_close(scale(holes)(rows), scale(rows)(rows))
    assert scale(holes)(holes)[200:].isnan().all()


def test_robust_scale_is_scikit_learns_near_the_middle_and_levels_off() -> None:
    rows = torch.randn(501, 2).double() * torch.tensor([1.0, 30.0])
    reference = torch.tensor(RobustScaler().fit_transform(rows.numpy()))
    expected = reference / (1 + (reference / 3).square()).sqrt()
    scale = RobustScale(rows, limit=3.0)
    torch.testing.assert_close(scale(rows), expected)
    assert scale(torch.full((1, 2), 1e9).double()).max() <= 3
    assert scale(torch.full((1, 2), -1e9).double()).min() >= -3


def test_robust_scale_of_a_column_that_is_mostly_one_value() -> None:
    rows = torch.zeros(100, 1)
    rows[0] = 8
    assert RobustScale(rows).range == 4
    assert (RobustScale(torch.ones(9, 1))(torch.ones(9, 1)) == 0).all()


def test_quantiles_are_scikit_learns() -> None:
    rows = torch.rand(400, 2).double().exp()
    reference = QuantileTransformer(
        n_quantiles=101, output_distribution="normal", subsample=None
    ).fit(rows.numpy())
    others = torch.rand(50, 2).double().exp().clamp(1.05, 2.5)
    expected = torch.tensor(reference.transform(others.numpy()))
    ours = QuantileNormal(rows, num_quantiles=101)(others)
    torch.testing.assert_close(ours, expected, atol=1e-6, rtol=1e-6)


def test_logit_is_undone_by_a_sigmoid() -> None:
    shares = torch.tensor([[0.1, 0.5], [0.9, 0.999]]).double()
    torch.testing.assert_close(Logit(shares)(shares).sigmoid(), shares)


def test_logit_keeps_certainty_finite_and_missing_values_missing() -> None:
    logits = Logit(torch.rand(3, 1))(torch.tensor([[0.0], [1.0], [math.nan]]))
    assert logits[:2].flatten().tolist() == pytest.approx([-13.8155, 13.8155], abs=0.1)
    assert logits[2].isnan()


def test_logit_refuses_numbers_above_1() -> None:
    with pytest.raises(UserError, match=r"from 0 to 1, got 1\.5"):
        Logit(torch.tensor([[0.5], [1.5], [math.nan]]))
