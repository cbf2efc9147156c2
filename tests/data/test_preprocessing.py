"""Standardization against scikit-learn's."""

import pytest
import torch
from sklearn.preprocessing import StandardScaler

from litmlp.data.bundled import BundledData
from litmlp.data.preprocessing import Standardize


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


def test_what_it_has_measured_is_part_of_the_checkpoint() -> None:
    rows = torch.randn(20, 3)
    restored = Standardize(torch.randn(20, 3))
    restored.load_state_dict(Standardize(rows).state_dict())
    assert torch.equal(restored(rows), Standardize(rows)(rows))


def test_only_training_rows_are_measured() -> None:
    data = BundledData(name="wine")
    scale = data.fitted_preprocessing
    train = data.samples.inputs[data.rows["train"]]
    torch.testing.assert_close(scale.mean, train.mean(0))
    torch.testing.assert_close(scale.std, train.std(0, correction=0))
    zeros, ones = torch.zeros(13), torch.ones(13)
    torch.testing.assert_close(
        data.features["train"].mean(0), zeros, atol=1e-5, rtol=0.0
    )
    torch.testing.assert_close(data.features["train"].std(0, correction=0), ones)
    raw = data.samples.inputs[data.rows["test"]]
    expected = (raw - train.mean(0)) / train.std(0, correction=0)
    torch.testing.assert_close(data.features["test"], expected)
