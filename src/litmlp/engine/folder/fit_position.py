"""Where a fit stands: what Lightning's counters say between two batches."""

from typing import Any

from lightning.pytorch import Trainer


def between_batches(trainer: Trainer) -> bool:
    """Whether a fit is where another batch would come next, with nothing under way."""
    epoch = trainer.fit_loop.epoch_progress.state_dict()["current"]
    batch = trainer.fit_loop.epoch_loop.batch_progress
    return (
        trainer.training
        and epoch["ready"] == epoch["started"] == epoch["processed"] + 1
        and batch.current.ready == batch.current.completed
        and not batch.is_last_batch
        and batch.current.completed % trainer.accumulate_grad_batches == 0
    )


def between_epochs(trainer: Trainer) -> bool:
    """Whether a fit is where another epoch would come next, with nothing under way."""
    epoch = trainer.fit_loop.epoch_progress.current
    return trainer.training and 0 < epoch.ready == epoch.completed


def set_at_rest(loops: dict[str, Any], trainer: Trainer) -> None:
    """Let Lightning's counters say that no batch is under way.

    From those of a batch that has started it would conclude that it is done.
    """
    epoch, batch = (
        loops["epoch_progress"]["current"],
        loops["epoch_loop.batch_progress"],
    )
    begun = epoch["processed"] < epoch["started"]
    if not begun:
        batch["current"] = dict.fromkeys(batch["current"], 0)
    batch["is_last_batch"] = False
    for counts in (batch["total"], batch["current"]):
        counts["ready"] = counts["completed"]
    loop, interval = trainer.fit_loop.epoch_loop, trainer.val_check_batch
    validates = interval and batch["current"]["completed"] % interval == 0
    restarts = begun or trainer.fit_loop._iteration_based_training()
    if restarts and validates and loop._should_check_val_epoch():
        # Lightning skips this validation, and then counts the batch before it again.
        loops["epoch_loop.state_dict"]["_batches_that_stepped"] -= 1
