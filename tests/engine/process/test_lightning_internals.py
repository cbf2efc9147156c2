"""Lightning has each private name that lightning_internals stands on."""

from operator import attrgetter

import pytest
from lightning.pytorch import Trainer

EPOCH = "fit_loop.epoch_loop"
OPTIMIZER = f"{EPOCH}.automatic_optimization.optim_progress.optimizer"
NAMES = (
    *("_data_connector.attach_data", "_checkpoint_connector.restore_training_state"),
    "_checkpoint_connector._restore_modules_and_callbacks",
    *("_checkpoint_connector.resume_end", "strategy.connect", "fit_loop.setup_data"),
    *("strategy.batch_to_device", "fit_loop._restarting"),
    "fit_loop._iteration_based_training",
    *(
        f"fit_loop.epoch_progress.{name}"
        for name in (
            *("increment_ready", "increment_started", "increment_processed"),
            *("increment_completed", "current.completed", "total.reset_on_restart"),
        )
    ),
    *(f"{EPOCH}.{name}" for name in ("min_steps", "max_steps", "update_lr_schedulers")),
    *(f"{EPOCH}._should_check_val_epoch", f"{EPOCH}._batches_that_stepped"),
    *(f"{EPOCH}._num_ready_batches_reached", f"{EPOCH}.scheduler_progress.total"),
    *(f"{EPOCH}.batch_progress.{name}" for name in ("is_last_batch", "reset_on_run")),
    f"{EPOCH}.val_loop.batch_progress.reset",
    *(f"{OPTIMIZER}.step", f"{OPTIMIZER}.zero_grad"),
)


@pytest.mark.parametrize("name", NAMES)
def test_lightning_has_the_names_that_are_used(name: str) -> None:
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    attrgetter(name)(trainer)
