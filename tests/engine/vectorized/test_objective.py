"""The members' losses in one number."""

import pytest
import torch
from conftest import Compose
from torch import Tensor

from litmlp.engine.config.build import build_data, build_model
from litmlp.engine.vectorized.stacked_loss import sum_of_losses

MEMBERS, CLASSES = 2, 3


@pytest.mark.parametrize("rows", [CLASSES, 40])
@pytest.mark.parametrize(
    ("loss", "soft"),
    [
        ("loss.label_smoothing=0.2", False),
        ("loss.weight=[1,2,3]", False),
        ("+loss.ignore_index=1", False),
        ("loss.label_smoothing=0.2", True),
        ("loss.weight=[1,2,3]", True),
    ],
)
def test_cross_entropies_are_the_sum_of_each_members_own(
    config: Compose, loss: str, soft: bool, rows: int
) -> None:
    cfg = config("data=iris", loss)
    model = build_model(cfg, build_data(cfg)).double()
    torch.manual_seed(0)
    outputs = torch.randn(MEMBERS, rows, CLASSES, dtype=torch.double)
    outputs.requires_grad_()
    shares = torch.rand(MEMBERS, rows, CLASSES, dtype=torch.double).softmax(dim=2)
    targets = shares if soft else shares.argmax(dim=2)
    together = sum_of_losses(model)(outputs, targets)
    pairs = zip(outputs, targets, strict=True)
    alone = torch.stack([model.compute_loss(*pair) for pair in pairs]).sum()
    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(slope(together, outputs), slope(alone, outputs))


def slope(loss: Tensor, outputs: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(loss, outputs)
    return gradient
