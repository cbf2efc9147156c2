"""Metrics that torchmetrics lacks."""

import torch
from torchmetrics import regression

from litmlp.metrics import R2Score


def test_r2_is_torchmetrics_from_two_rows_on() -> None:
    outputs, targets = torch.randn(5, 2), torch.randn(5, 2)
    assert R2Score()(outputs, targets) == regression.R2Score()(outputs, targets)
    assert not R2Score()(outputs[:2], targets[:2]).isnan()


def test_r2_of_a_single_row_is_not_a_number() -> None:
    assert R2Score()(torch.ones(1, 2), torch.zeros(1, 2)).isnan()
