"""Runs leave a group, go on in one, and do not notice each other."""

import shutil

import pytest
import torch
from conftest import Compose
from grouped_and_alone import (
    GAUSS,
    TINY,
    as_killed,
    assert_equal,
    assert_same_as_alone,
    checkpoint,
    train_grouped,
    varied,
)
from interrupted import keep_previous

from litmlp.engine.vectorized.group_training import Group


def test_runs_stop_early_diverge_and_end_on_their_own_and_then_cost_nothing(
    config: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    end_epoch = Group.end_epoch

    def counted(group: Group) -> None:
        sizes.append((len(group.stack), group.rows.numel()))
        end_epoch(group)

    monkeypatch.setattr(Group, "end_epoch", counted)
    base = config(*TINY, *GAUSS, "optimizer=sgd", "trainer.max_epochs=8")
    assert_same_as_alone(
        varied(
            base,
            optimizer__lr=[0.1, 1e300, 0.0, 3.0, 0.1],
            callbacks__early_stopping__patience=[20, 20, 2, 1, 20],
            trainer__max_epochs=[8, 8, 8, 8, 5],
            data__split_seed=[0, 1, 2, 3, 4],
        )
    )
    runs, rows = zip(*sizes, strict=True)
    assert runs == (5, 4, 4, 3, 3, 2, 2, 2)
    assert [count / rows[0] for count in rows] == [n / 5 for n in runs]


@pytest.mark.parametrize("optimizer", ["adam", "adagrad", "momentum", "rmsprop"])
def test_a_group_goes_on_as_if_it_had_never_stopped(
    config: Compose, optimizer: str
) -> None:
    """Two runs were killed in their third epoch, one has not begun and one is done."""
    base = config(
        *(*TINY, *GAUSS, f"optimizer={optimizer}", "dropout=dropout"),
        *("batchnorm=before_activation", "scheduler=cosine"),
        "callbacks.checkpoint.every_epochs=2",
    )
    configs = varied(
        base,
        seed=[0, 1, 2, 3],
        data__split_seed=[0, 1, 1, 0],
        dropout__p=[0.1, 0.3, 0, 0],
    )
    with keep_previous():
        whole = train_grouped(configs)
    for run in whole[:2]:
        as_killed(run, "resumed")
    assert checkpoint(whole[0], "previous")["epoch"] == 2
    shutil.copytree(whole[3].folder, f"{configs[3].folder}-resumed")
    for run, resumed in zip(whole, train_grouped(configs, "resumed"), strict=True):
        assert_equal(run, resumed, tolerance=0)


def test_the_other_runs_of_a_group_change_no_bit(config: Compose) -> None:
    """One run leaves early, one diverges; then the first is alone in its group."""
    base = config(
        *TINY, *GAUSS, "batchnorm=before_activation", "trainer.precision=32-true"
    )
    numbers = {"optimizer__lr": [0.01, 0.1, 1e30], "trainer__max_epochs": [4, 2, 3]}
    splits = {"data__split_seed": [0, 1, 1]}
    several = train_grouped(varied(base, seed=[0, 1, 2], **numbers, **splits))
    base.folder += "-single"
    single = train_grouped(varied(base, seed=[0], optimizer__lr=[0.01]))
    for name in ("best", "last"):
        states = [checkpoint(r, name)["state_dict"] for r in (several[0], single[0])]
        torch.testing.assert_close(states[1], states[0], rtol=0, atol=0)
