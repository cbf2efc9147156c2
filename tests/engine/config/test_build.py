"""Arguments that a Trainer takes and a run cannot use are refused in one line."""

from pathlib import Path

import pytest
from conftest import Run

from litmlp.engine.folder import checkpoints

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=5", "callbacks=default")
NOT_SPARSE = [f"~optimizer.{name}" for name in ("weight_decay", "amsgrad", "fused")]
NOW_AND_THEN = (
    "+trainer.check_val_every_n_epoch=null",
    "+trainer.val_check_interval=7",
)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["+trainer.limit_val_batches=0"], "data.validation_share=0 leaves out"),
        (["+trainer.limit_test_batches=0.0"], "data.test_share=0 leaves out"),
        (["+trainer.limit_train_batches=0"], "trainer.max_epochs=0 trains nothing"),
        (
            ["+trainer.check_val_every_n_epoch=0"],
            "every_n_epoch=0 is not allowed",
        ),
        (
            ["trainer.accumulate_grad_batches=0"],
            "batches=0 is not allowed",
        ),
        (["+trainer.overfit_batches=2"], "trainer.limit_train_batches=… trains on"),
        (["~callbacks.checkpoint"], "callbacks.checkpoint is needed"),
        (["+trainer.limit_val_batches=0.001"], "limit_val_batches"),
        (["callbacks.early_stopping.monitor=x"], "metric `x` which is not available"),
        (["scheduler=reduce_on_plateau", *NOW_AND_THEN], "is not available"),
        (["task.metrics.recall.num_classes=-1"], "must be non-negative"),
        (["task.metrics.recall.num_classes=null"], "task.metrics: shape"),
        (
            ["optimizer._target_=torch.optim.SparseAdam", *NOT_SPARSE],
            "optimizer: SparseAdam does not support dense gradients",
        ),
        (["optimizer.lr=[]"], "optimizer.lr=[]: expected float, got list"),
        (["batchnorm=after_activation", "batchnorm.eps=-1"], "eps must be positive"),
    ],
)
def test_a_mistake_that_is_found_late_is_one_line(
    overrides: list[str], message: str, run: Run
) -> None:
    ended = run("train", *QUICK, *overrides)
    assert message in ended.mistake


def test_a_plateau_is_judged_at_each_validation(run: Run, tmp_path: Path) -> None:
    every = "+trainer.check_val_every_n_epoch=2"
    plateau = ("scheduler=reduce_on_plateau", every, "hydra.run.dir=run")
    ended = run("train", *QUICK, *plateau)
    assert ended.code == 0, ended.err
    last = checkpoints.last(tmp_path / "run")
    assert last is not None
    assert last.content["lr_schedulers"][0]["last_epoch"] == 2  # of five epochs
