"""A Trainer's own count of what it has done, kept from outside."""

from typing import Any

from lightning.pytorch import Trainer


def rest(trainer: Trainer) -> None:
    """Let a Trainer that goes on from a checkpoint stand before its next epoch."""
    loop = trainer.fit_loop
    for counts in (loop.epoch_progress.total, loop.epoch_progress.current):
        counts.reset_on_restart()
    loop.epoch_loop._batches_that_stepped = trainer.global_step
    loop.restarting = False


def begin_epoch(trainer: Trainer) -> None:
    """Count an epoch as begun."""
    trainer.fit_loop.epoch_progress.increment_ready()
    trainer.fit_loop.epoch_loop.batch_progress.reset_on_run()
    trainer.fit_loop.epoch_progress.increment_started()


def begin_batches(trainer: Trainer) -> None:
    """Let a batch be under way: what breaks off now is no state to go on from."""
    trainer.fit_loop.epoch_loop.batch_progress.current.ready += 1


def count_batches(trainer: Trainer, batches: int) -> None:
    """Count an epoch's training batches, each an iteration."""
    loop = trainer.fit_loop.epoch_loop
    optimizer = loop.automatic_optimization.optim_progress.optimizer
    for progress in (loop.batch_progress, optimizer.step, optimizer.zero_grad):
        add(progress, batches)
    loop.batch_progress.is_last_batch = True
    loop._batches_that_stepped += batches


def count_schedule(trainer: Trainer, steps: int) -> None:
    """Count the scheduler's steps of an epoch."""
    add(trainer.fit_loop.epoch_loop.scheduler_progress, steps)


def count_validation(trainer: Trainer, batches: int) -> None:
    """Count an epoch's validation batches."""
    progress = trainer.fit_loop.epoch_loop.val_loop.batch_progress
    progress.reset()  # each epoch's validation counts from nothing
    add(progress, batches)
    progress.is_last_batch = True


def end_epoch(trainer: Trainer) -> None:
    """Count an epoch as done."""
    trainer.fit_loop.epoch_progress.increment_processed()
    trainer.fit_loop.epoch_progress.increment_completed()


def add(progress: Any, count: int) -> None:
    """An epoch's count: the total grows by it, and it is the current one."""
    for name in vars(progress.total):
        setattr(progress.total, name, getattr(progress.total, name) + count)
        setattr(progress.current, name, count)
