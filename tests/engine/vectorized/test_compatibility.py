"""Choices in which the runs of a group may differ, and those that keep runs apart."""

from pathlib import Path

import numpy as np
import pytest
from conftest import Compose
from grouped_and_alone import untrained
from lightning.pytorch import Callback

from litmlp import construct
from litmlp.engine.vectorized.compatibility import (
    differing_keys,
    refusal,
    shape,
    shared_keys,
)
from litmlp.losses import same_loss


class LooksAtBatches(Callback):
    def on_train_batch_end(self, *arguments: object) -> None: ...


MAY_DIFFER = {
    "seed": ["seed=1"],
    "order": ["seeds.order=1"],
    "split": ["data.split_seed=1"],
    "fold": ["data.num_folds=3", "data.fold=1"],
    "rows": ["data.test_share=0.3"],
    "initializer": ["initializer=orthogonal"],
    "bias": ["bias_initializer=constant"],
    "lr": ["optimizer.lr=0.5"],
    "betas": ["optimizer.betas=[0.8,0.9]"],
    "eps": ["optimizer.eps=1e-3"],
    "weight decay": ["optimizer.weight_decay=0.1"],
    "scheduler": ["scheduler=one_cycle"],
    "dropout": ["dropout.p=0.3"],
    "penalty": ["penalty=l1"],
    "strength": ["penalty=elastic_net", "penalty.strength=1"],
    "loss": ["loss=mse"],
    "label smoothing": ["loss.label_smoothing=0.1"],
    "epochs": ["trainer.max_epochs=3"],
    "patience": ["callbacks.early_stopping.patience=3"],
    "metric": ["monitor=accuracy/val", "mode=max"],
}
"""Choices that the README of conf/hydra lists."""

APART = {
    "model.hidden_sizes.1": "model.hidden_sizes=[64,32]",
    "model.activation._target_": "activation=tanh",
    "model.batchnorm._target_": "batchnorm=after_activation",
    "model.dropout._target_": "dropout=none",
    "data.batch_size": "data.batch_size=16",
    "optimizer._target_": "optimizer=adamw",
    "averaging._target_": "averaging=ema",
    "optimizer.amsgrad": "optimizer.amsgrad=true",
    "trainer.precision": "trainer.precision=64-true",
    "trainer.gradient_clip_val": "trainer.gradient_clip_val=1",
}
"""Choices that form separate groups, by the key in the message."""

ALONE = {
    "optimizer=LBFGS": "optimizer=lbfgs",
    "optimizer=Adafactor": "optimizer=adafactor",
    "trainer.max_steps=9": "trainer.max_steps=9",
    "trainer.max_time=00:00:00:09": "trainer.max_time=00:00:00:09",
    "trainer.accumulate_grad_batches=2": "trainer.accumulate_grad_batches=2",
    "trainer.precision=bf16-mixed": "trainer.precision=bf16-mixed",
    "trainer.devices=2": "trainer=ddp",
    "callbacks: LearningRateRange looks at every batch": "callbacks=lr_range",
    "callbacks: LooksAtBatches looks at every batch": (
        f"+callbacks.own._target_={__name__}.LooksAtBatches"
    ),
}
"""Choices that are trained alone, by the reason in the message."""


BOTH = ("data=iris", "dropout=dropout", "trainer=cpu")


def test_runs_that_may_differ_share_a_group(config: Compose) -> None:
    alike = shared_keys(config(*BOTH))
    for name, own in MAY_DIFFER.items():
        assert differing_keys([alike, shared_keys(config(*BOTH, *own))]) == [], name


def test_the_message_names_what_keeps_runs_apart(config: Compose) -> None:
    alike = shared_keys(config(*BOTH))
    for key, own in APART.items():
        assert key in differing_keys([alike, shared_keys(config(*BOTH, own))])


@pytest.mark.parametrize("reason", ALONE)
def test_the_message_names_what_cannot_be_stacked(
    config: Compose, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(construct.ALLOWED, f"{__name__}.", Callback)
    run = untrained(config("data=iris", "trainer=cpu", *ALONE[reason].split()))
    assert refusal(run) == reason


def test_rows_that_are_moved_or_weighed_are_not_stacked(
    config: Compose, tmp_path: Path
) -> None:
    rows = [f"{i},{i % 2},{1 + i % 3}" for i in range(30)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y,w", *rows]))
    table = ("data=table", f"data.path={tmp_path}/t.csv", "data.target=y")
    pixels = np.arange(30 * 16, dtype=np.uint8).reshape(30, 4, 4)
    np.savez(tmp_path / "i.npz", x=pixels, y=np.arange(30) % 3)
    images = ("data=images", f"data.path={tmp_path}/i.npz", "task=multiclass")
    moved = "data.flip or data.shift"
    for own, expected in (
        ((*table, "task=binary", "data.weight=w"), "data.weight"),
        ((*images, "data.flip=true", "data.shift=0"), moved),
        ((*images, "data.flip=false", "data.shift=1"), moved),
        ((*images, "data.flip=false", "data.shift=0"), None),
    ):
        assert refusal(untrained(config(*own, "trainer=cpu"))) == expected


def test_tables_of_other_columns_have_networks_of_other_shapes(
    config: Compose, tmp_path: Path
) -> None:
    """Though each gives a network eight features: 3 + 5 codes, 5 + 3, and 1 + 7."""
    rows = {"a": "u,v{2}", "b": "u{2},v", "c": "{0},v{1}"}
    found = []
    for name, row in rows.items():
        path = tmp_path / f"{name}.csv"
        lines = [f"{row.format(i, i % 5, i % 3)},{i}.5" for i in range(30)]
        path.write_text("\n".join(["one,other,target", *lines]))
        table = ("data=table", f"data.path={path}", "data.target=target")
        run = untrained(
            config(*table, "task=regression", "encoding=one_hot", "embedding=none")
        )
        assert run.model.encoding.num_features == 8
        found.append(shape(run))
    assert len({*found}) == 3


def test_folds_of_unequal_size_are_trained_apart(config: Compose) -> None:
    """103 rows in 5 folds of 21, 21, 21, 20 and 20 rows."""
    folds = ("data=gauss", "data.num_samples=103", "data.num_folds=5", "trainer=cpu")
    found = [shape(untrained(config(*folds, f"data.fold={k}"))) for k in range(5)]
    assert [found.count(own) for own in found] == [3, 3, 3, 2, 2]


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
    models = [untrained(config("trainer=cpu", *own)).model for own in (one, other)]
    assert (same_loss(models[0]) == same_loss(models[1])) is same
    if same and "data=diabetes" in one:  # in all digits of the scale
        models[1].target_std.mul_(1 + 1e-6)
        assert same_loss(models[0]) != same_loss(models[1])
