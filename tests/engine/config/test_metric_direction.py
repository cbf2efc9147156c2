"""Every part of a run that watches a metric watches it in its own direction."""

import pytest
from conftest import Compose

from litmlp.engine.config.metric_direction import check_monitors
from litmlp.errors import UserError

STOPPING = "+callbacks.mine._target_=lightning.pytorch.callbacks.EarlyStopping"
KEPT = "+callbacks.mine._target_=lightning.pytorch.callbacks.ModelCheckpoint"
PLATEAU = "scheduler=reduce_on_plateau"

WRONG = {
    ("monitor=accuracy/val",): "mode=min: the best accuracy is its max: mode=max",
    ("mode=max",): "mode=max: the best loss is its min: mode=min",
    ("monitor=null",): "monitor=None: no such metric",
    ("monitor=acuracy/val",): "no such metric. Did you mean accuracy/val?",
    ("monitor=accuracy/test", "mode=max"): "no such metric. Did you mean accuracy",
    ("callbacks.early_stopping.monitor=f1/val",): "callbacks.early_stopping.mode=max",
    ("callbacks.checkpoint.monitor=auroc/train",): "callbacks.checkpoint.mode=max",
    ("callbacks.checkpoint.mode=max",): "callbacks.checkpoint.mode=min",
    (PLATEAU, "scheduler.monitor=accuracy/val"): "max: scheduler.mode=max",
    (PLATEAU, "scheduler.mode=max"): "scheduler.mode=max: the best loss is its min",
    (PLATEAU, "scheduler.monitor=val_loss"): "scheduler.monitor=val_loss: no such",
    (STOPPING, "+callbacks.mine.monitor=accuracy/val"): ": +callbacks.mine.mode=max",
    (STOPPING, "+callbacks.mine.monitor=loss/test"): "loss/test: no such metric",
    (KEPT, "+callbacks.mine.monitor=recall/val"): "callbacks.mine.mode=min: the best",
    ("data=diabetes", PLATEAU, "scheduler.monitor=r2/val"): "the best r2 is its max",
}
RIGHT = [
    (),
    ("monitor=accuracy/val", "mode=max", PLATEAU),
    ("data=diabetes", "monitor=rmse/val", PLATEAU),
    (PLATEAU, "scheduler.monitor=accuracy/val", "scheduler.mode=max"),
    (STOPPING, "+callbacks.mine.monitor=accuracy/val", "+callbacks.mine.mode=max"),
    (STOPPING, "+callbacks.mine.monitor=gini/val"),  # one that a callback may log
    (KEPT,),
]


@pytest.mark.parametrize("overrides", WRONG, ids=str)
def test_watching_a_metric_that_is_not_there_or_its_worst_value_is_refused(
    overrides: tuple[str, ...], config: Compose
) -> None:
    with pytest.raises(UserError) as refusal:
        check_monitors(config(*overrides), ["train", "val"])
    assert WRONG[overrides] in str(refusal.value)


@pytest.mark.parametrize("overrides", RIGHT, ids=str)
def test_each_part_may_watch_a_metric_of_its_own(
    overrides: tuple[str, ...], config: Compose
) -> None:
    check_monitors(config(*overrides), ["train", "val"])
