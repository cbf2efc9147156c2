"""The curves of schedules over the gallery's budget."""

import math

import pytest
import torch
from built import parts

from litmlp.course.gallery.labels import jumps
from litmlp.course.gallery.scheduler import BATCHES, EPOCHS, Curve, measure

LR = 0.1
TOTAL = EPOCHS * BATCHES


def curve(name: str, *values: str) -> Curve:
    return measure(*parts("scheduler", name, f"optimizer.lr={LR}", *values))


def marks(name: str) -> list[int]:
    return jumps(curve(name).rates).tolist()


def test_curves_are_the_formulas() -> None:
    t = torch.arange(EPOCHS).double()
    assert torch.allclose(curve("exponential").rates, LR * 0.95**t)
    assert torch.allclose(curve("step").rates, LR * 0.5 ** (t // 50))
    t = torch.arange(TOTAL).double()
    cosine = LR * (1 + torch.cos(math.pi * t / TOTAL)) / 2
    assert torch.allclose(curve("cosine").rates, cosine, atol=1e-9)
    assert curve("one_cycle").rates.max() == pytest.approx(LR)


def test_milestones_are_marked_and_smooth_curves_are_not() -> None:
    assert marks("multistep") == [50, 125, 160]
    assert marks("step") == [50, 100, 150]
    assert marks("cosine_warm_restarts") == [10, 30, 70, 150]
    for smooth in ("cosine", "one_cycle", "exponential", "cyclic", "warmup_cosine"):
        assert marks(smooth) == []


def test_a_plateau_is_made_up_for_the_schedule_that_waits_for_one() -> None:
    plateau = curve("reduce_on_plateau")
    assert plateau.metric is not None
    assert plateau.rates[46] == LR
    # The loss stops falling in epoch 40; 6 epochs without improvement are too many.
    assert plateau.rates[47] == LR / 2
    rising = curve("reduce_on_plateau", "mode=max")
    assert torch.equal(rising.rates, plateau.rates)
    assert rising.metric is not None
    assert rising.metric[40] > rising.metric[0]
