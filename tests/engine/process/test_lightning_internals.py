"""Lightning has each private name that lightning_internals stands on."""

from operator import attrgetter

import pytest
from lightning.pytorch import Trainer

from litmlp.engine.process import lightning_internals

NAMES = {
    "set_at_rest": (
        "fit_loop._iteration_based_training",
        "fit_loop.epoch_loop._should_check_val_epoch",
        "fit_loop.epoch_loop._batches_that_stepped",
    ),
    "end_restart": ("fit_loop._restarting",),
    "start_fit": ("_data_connector.attach_data", "strategy.connect"),
    "set_up_fit": (
        "_checkpoint_connector._restore_modules_and_callbacks",
        "_checkpoint_connector.restore_training_state",
        "_checkpoint_connector.resume_end",
        "fit_loop.setup_data",
        "fit_loop.epoch_progress.total.reset_on_restart",
    ),
    "between_batches": ("fit_loop.epoch_loop.batch_progress.is_last_batch",),
    "between_epochs": ("fit_loop.epoch_progress.current.completed",),
    "begin_epoch": (
        "fit_loop.epoch_progress.increment_ready",
        "fit_loop.epoch_progress.increment_started",
        "fit_loop.epoch_loop.batch_progress.reset_on_run",
    ),
    "count_batches": (
        "fit_loop.epoch_loop.automatic_optimization.optim_progress.optimizer.step",
        "fit_loop.epoch_loop.automatic_optimization.optim_progress.optimizer.zero_grad",
    ),
    "count_schedule": ("fit_loop.epoch_loop.scheduler_progress.total",),
    "count_validation": ("fit_loop.epoch_loop.val_loop.batch_progress.reset",),
    "quicken_steps": (
        "fit_loop.epoch_loop.min_steps",
        "fit_loop.epoch_loop.automatic_optimization.optim_progress.optimizer.step",
        "fit_loop.epoch_loop._num_ready_batches_reached",
        "fit_loop.epoch_loop.update_lr_schedulers",
        "strategy.batch_to_device",
    ),
    "end_epoch": (
        "fit_loop.epoch_progress.increment_processed",
        "fit_loop.epoch_progress.increment_completed",
    ),
}


@pytest.mark.parametrize("function", NAMES)
def test_lightning_has_the_names_that_a_function_needs(function: str) -> None:
    assert hasattr(lightning_internals, function)
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    for name in NAMES[function]:
        attrgetter(name)(trainer)
