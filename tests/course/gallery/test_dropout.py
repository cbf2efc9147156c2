"""The numbers behind the pictures of dropout."""

import pytest
import torch
from torch import nn

from litmlp.course.gallery.dropout import measure


def test_survivors_are_scaled_and_the_mean_is_kept() -> None:
    torch.manual_seed(0)
    batch = measure(lambda: nn.Dropout(0.2))
    assert torch.equal(batch.dropped, batch.training == 0)
    assert batch.dropped.double().mean() == pytest.approx(0.2, abs=0.01)
    kept = ~batch.dropped
    assert torch.allclose(batch.training[kept], batch.before[kept] / 0.8)
    assert batch.training.mean() == pytest.approx(float(batch.before.mean()), rel=0.01)
    assert torch.equal(batch.evaluation, batch.before)


def test_alpha_dropout_keeps_mean_and_spread_of_selu() -> None:
    torch.manual_seed(0)
    batch = measure(lambda: nn.AlphaDropout(0.1))
    assert batch.activation == "SELU"
    assert batch.dropped.double().mean() == pytest.approx(0.1, abs=0.01)
    assert (batch.training[batch.dropped] < 0).all()
    for values in (batch.before, batch.training):
        assert values.mean() == pytest.approx(0, abs=0.02)
        assert values.std() == pytest.approx(1, abs=0.02)
