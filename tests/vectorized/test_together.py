"""What members of a group may differ in, and what keeps them apart."""

from pathlib import Path

import pytest
from conftest import Compose
from torch.optim import SGD

from litmlp import construct
from litmlp.build import build_data, build_model
from litmlp.preparation import build_run
from litmlp.process import settings
from litmlp.supervised import Supervised
from litmlp.vectorized.objective import same_loss
from litmlp.vectorized.together import refusal


class Adam(SGD):
    """No Adam, but for its name."""


def model(config: Compose, *overrides: str) -> Supervised:
    composed = config("trainer=cpu", *overrides)
    with settings(composed):
        return build_model(composed, build_data(composed))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (["data=iris"], ["data=iris", "seed=1", "optimizer=sgd"], True),
        (["data=iris"], ["data=iris", "loss.label_smoothing=0.1"], False),
        (["data=gauss"], ["data=gauss", "loss=mse"], False),
        (["data=diabetes"], ["data=diabetes", "seed=1"], True),
        (["data=diabetes"], ["data=diabetes", "data.split_seed=1"], False),
        (["data=diabetes"], ["data=diabetes", "loss=huber"], False),
    ],
)
def test_losses_are_the_same_by_their_kind_numbers_and_targets_scale(
    config: Compose, one: list[str], other: list[str], same: bool
) -> None:
    """Targets are scaled by the training rows, which another split chooses."""
    found = [same_loss(model(config, *overrides)) for overrides in (one, other)]
    assert (found[0] == found[1]) is same


def test_scales_are_compared_in_all_their_digits(config: Compose) -> None:
    models = [model(config, "data=diabetes") for _ in range(2)]
    models[1].target_std.mul_(1 + 1e-6)
    assert same_loss(models[0]) != same_loss(models[1])


def test_an_optimizer_is_known_by_its_class_not_by_its_name(
    config: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(construct.ALLOWED, f"{__name__}.", SGD)
    for target, reason in (
        ("torch.optim.SGD", None),
        (f"{__name__}.Adam", "optimizer=Adam cannot be stacked"),
    ):
        composed = config("data=gauss", "trainer=cpu", "optimizer=sgd")
        composed.optimizer._target_ = target
        with settings(composed):
            data = build_data(composed)
            run = build_run(composed, Path(composed.folder), data, None)
        assert refusal(run) == reason
