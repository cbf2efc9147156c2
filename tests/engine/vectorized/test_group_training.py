"""Members leave a group, go on in one, and do not notice each other."""

import shutil

import pytest
import torch
from conftest import Compose
from twins import (
    TINY,
    as_killed,
    assert_equal,
    assert_twins,
    checkpoint,
    train_together,
    varied,
)

from litmlp.engine.vectorized.group_training import Group


def test_members_stop_early_diverge_and_end_on_their_own(config: Compose) -> None:
    base = config(*TINY, "data=gauss", "optimizer=sgd", "trainer.max_epochs=12")
    members = varied(
        base,
        optimizer__lr=[0.1, 1e300, 3.0, 0.1],
        callbacks__early_stopping__patience=[20, 20, 1, 20],
        trainer__max_epochs=[12, 12, 12, 5],
    )
    assert_twins(members)


def test_members_that_are_done_cost_nothing(
    config: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They leave when they stop early, diverge or have had their epochs."""
    sizes = []
    begin = Group.on_train_epoch_end

    def counted(group: Group) -> None:
        sizes.append((len(group.stack), group.rows.numel()))
        begin(group)

    monkeypatch.setattr(Group, "on_train_epoch_end", counted)
    base = config(*TINY, "data=gauss", "optimizer=sgd", "trainer.max_epochs=8")
    train_together(
        varied(
            base,
            optimizer__lr=[0.1, 1e300, 0.0, 0.1],
            callbacks__early_stopping__patience=[20, 20, 2, 20],
            trainer__max_epochs=[8, 8, 8, 5],
            data__split_seed=[0, 1, 2, 3],
        )
    )
    members, rows = zip(*sizes, strict=True)
    assert members == (4, 3, 3, 2, 2, 1, 1, 1)
    assert [count / rows[0] for count in rows] == [n / 4 for n in members]


@pytest.mark.parametrize(
    "optimizer", ["adagrad", "adam", "asgd", "momentum", "nadam", "rprop", "sgd"]
)
def test_a_group_goes_on_as_if_it_had_never_stopped(
    config: Compose, optimizer: str
) -> None:
    """Two were killed in their third epoch, one has not begun and one is done."""
    base = config(
        *TINY,
        "data=gauss",
        f"optimizer={optimizer}",
        "dropout=dropout",
        "batchnorm=before_activation",
        "scheduler=cosine",
        "callbacks.checkpoint.every_epochs=2",
    )
    members = varied(
        base,
        seed=[0, 1, 2, 3],
        data__split_seed=[0, 1, 1, 0],
        dropout__p=[0.1, 0.3, 0, 0],
    )
    whole = train_together(members)
    for run in whole[:2]:
        as_killed(run, "resumed")
    assert checkpoint(whole[0], "previous")["epoch"] == 2
    shutil.copytree(whole[3].folder, f"{members[3].folder}-resumed")
    for run, resumed in zip(whole, train_together(members, "resumed"), strict=True):
        assert_equal(run, resumed, tolerance=0)


def test_who_else_is_in_the_group_changes_no_bit(config: Compose) -> None:
    """With a member that leaves early, one that diverges, and alone in its group."""
    base = config(
        *TINY, "data=gauss", "batchnorm=before_activation", "trainer.precision=32-true"
    )
    numbers = {"optimizer__lr": [0.01, 0.1, 1e30], "trainer__max_epochs": [4, 2, 3]}
    splits = {"data__split_seed": [0, 1, 1]}
    several = train_together(varied(base, seed=[0, 1, 2], **numbers, **splits))
    base.folder += "-single"
    single = train_together(varied(base, seed=[0], optimizer__lr=[0.01]))
    for name in ("best", "last"):
        states = [checkpoint(r, name)["state_dict"] for r in (several[0], single[0])]
        torch.testing.assert_close(states[1], states[0], rtol=0, atol=0)
