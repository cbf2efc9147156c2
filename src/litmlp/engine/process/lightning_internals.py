"""Lightning's loop counters and connectors, which no public interface gives.

All that this project reads or writes of them stands here. Three things need them: a
checkpoint between two batches, from which a run resumes with the same bits
(``litmlp.callbacks.checkpoint``), a Trainer whose batches are trained elsewhere
(``litmlp.engine.vectorized``), and steps without calls of empty hooks.
``tests/engine/process/test_lightning_internals.py`` names each of them that another
version of Lightning lacks.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.loops.training_epoch_loop import _TrainingEpochLoop
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor

from litmlp.engine.process.needed_hooks import (
    changes_batches,
    hooks_of_step,
    others_in_step,
)
from litmlp.engine.terminal.console import show


def between_batches(trainer: Trainer) -> bool:
    """Return whether a fit stands before another batch, with nothing under way."""
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
    """Return whether a fit stands before another epoch, with nothing under way."""
    epoch = trainer.fit_loop.epoch_progress.current
    return trainer.training and 0 < epoch.ready == epoch.completed


def set_at_rest(loops: dict[str, Any], trainer: Trainer) -> None:
    """Let the counters of a checkpoint say that no batch is under way.

    From counters of a batch that has started, Lightning concludes that it is done.
    """
    epoch = loops["epoch_progress"]["current"]
    batch = loops["epoch_loop.batch_progress"]
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


def end_restart(trainer: Trainer) -> None:
    """Let Lightning step a plateau scheduler after the epoch that was resumed."""
    trainer.fit_loop._restarting = False


def start_fit(
    trainer: Trainer, model: LightningModule, data: LightningDataModule
) -> None:
    """Begin what ``Trainer.fit`` does: connect the Trainer, the model and the data."""
    trainer.state.fn = TrainerFn.FITTING
    trainer.training = True
    trainer.strategy.connect(model)
    trainer._data_connector.attach_data(model, datamodule=data)


def set_up_fit(trainer: Trainer, checkpoint: Path | None) -> None:
    """Go on with what ``Trainer.fit`` does: loaders, devices, optimizers, checkpoint.

    The callbacks are set up since :func:`start_fit`; a checkpoint is resumed from.
    """
    connector = trainer._checkpoint_connector
    if checkpoint:
        connector._restore_modules_and_callbacks(checkpoint, weights_only=True)
    trainer.fit_loop.setup_data()
    if trainer.strategy.root_device.type != "cpu":  # where the model is already
        trainer.strategy.model_to_device()
    trainer.strategy.setup_optimizers(trainer)
    if checkpoint:
        connector.restore_training_state()
        connector.resume_end()
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
    """Count a batch as under way: an interrupted fit cannot be saved from now on."""
    trainer.fit_loop.epoch_loop.batch_progress.current.ready += 1


def count_batches(trainer: Trainer, batches: int) -> None:
    """Count an epoch's training batches, each with a step of the optimizer."""
    loop = trainer.fit_loop.epoch_loop
    optimizer = loop.automatic_optimization.optim_progress.optimizer
    for progress in (loop.batch_progress, optimizer.step, optimizer.zero_grad):
        _add(progress, batches)
    loop.batch_progress.is_last_batch = True
    loop._batches_that_stepped += batches


def count_schedule(trainer: Trainer, steps: int) -> None:
    """Count an epoch's steps of the scheduler."""
    _add(trainer.fit_loop.epoch_loop.scheduler_progress, steps)


def count_validation(trainer: Trainer, batches: int) -> None:
    """Count an epoch's validation batches."""
    progress = trainer.fit_loop.epoch_loop.val_loop.batch_progress
    progress.reset()  # each epoch's validation counts from 0
    _add(progress, batches)
    progress.is_last_batch = True


def end_epoch(trainer: Trainer) -> None:
    """Count an epoch as done."""
    trainer.fit_loop.epoch_progress.increment_processed()
    trainer.fit_loop.epoch_progress.increment_completed()


def _add(progress: Any, count: int) -> None:
    """Add an epoch's count to the total, and make it the current count."""
    for name in vars(progress.total):
        setattr(progress.total, name, getattr(progress.total, name) + count)
        setattr(progress.current, name, count)


def quicken_steps(trainer: Trainer) -> None:
    """Let a Trainer leave out the calls of hooks that do nothing."""
    loop = trainer.fit_loop.epoch_loop
    trainer.fit_loop.epoch_loop = QuickEpochs(trainer, loop.min_steps, loop.max_steps)


class QuickEpochs(_TrainingEpochLoop):
    """Lightning's loop over the batches of an epoch, with quick steps.

    Lightning prepares and calls each hook of each callback in every step, which takes
    as long as the training of a small network. Here a step computes and counts the
    same in the same order, and calls the hooks that some callback has. Steps in which
    more takes part are left to Lightning (``litmlp.engine.process.needed_hooks``).
    """

    _hooks: dict[str, list[Callable[..., Any]]] | None = None
    _changes_batches = False
    _is_told = False

    def on_run_start(self, data_fetcher: Any) -> None:
        super().on_run_start(data_fetcher)
        others = others_in_step(self.trainer)
        self._hooks = None if others else hooks_of_step(self.trainer)
        self._changes_batches = changes_batches(self.trainer)
        if others and not self._is_told:
            show(f"steps        by Lightning's loop, for hooks of {', '.join(others)}")
            self._is_told = True

    def advance(self, data_fetcher: Any) -> None:
        if self._hooks is None or self.restarting:
            super().advance(data_fetcher)
            return
        trainer, progress = self.trainer, self.batch_progress
        batch, _, _ = next(data_fetcher)
        i = self.batch_idx + 1
        progress.is_last_batch = data_fetcher.done
        if self._changes_batches:
            batch = trainer.strategy.batch_to_device(batch)
        progress.increment_ready()
        self._call("on_train_batch_start", batch, i)
        progress.increment_started()
        outputs = self._step(batch, i)
        progress.increment_processed()
        self.update_lr_schedulers("step", update_plateau_schedulers=False)
        if self._num_ready_batches_reached():
            self.update_lr_schedulers("epoch", update_plateau_schedulers=False)
        self._call("on_train_batch_end", outputs, batch, i)
        trainer.lightning_module.on_train_batch_end(outputs, batch, i)
        progress.increment_completed()

    def _step(self, batch: Any, i: int) -> dict[str, Any]:
        """Do one step of the optimizer; return what ``training_step`` has returned."""
        outputs: dict[str, Any] = {}
        count = self.automatic_optimization.optim_progress.optimizer.step
        count.increment_ready()
        self.trainer.optimizers[0].step(partial(self._backward, batch, i, outputs))
        count.increment_completed()
        return outputs

    @torch.enable_grad()
    def _backward(self, batch: Any, i: int, outputs: dict[str, Any]) -> Tensor:
        """Compute outputs, loss and gradients; return the loss []."""
        trainer, optimizer = self.trainer, self.trainer.optimizers[0]
        outputs.update(trainer.strategy.training_step(batch, i))
        loss: Tensor = outputs["loss"]
        count = self.automatic_optimization.optim_progress.optimizer.zero_grad
        count.increment_ready()
        self._call("on_before_zero_grad", optimizer)
        count.increment_started()
        optimizer.zero_grad()
        count.increment_completed()
        self._call("on_before_backward", loss)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        self._call("on_after_backward")
        self._call("on_before_optimizer_step", optimizer)
        if trainer.gradient_clip_val:
            trainer.lightning_module.configure_gradient_clipping(
                optimizer, trainer.gradient_clip_val, trainer.gradient_clip_algorithm
            )
        outputs["loss"] = loss.detach()
        return loss.detach()

    def _call(self, hook: str, *arguments: Any) -> None:
        assert self._hooks is not None
        for function in self._hooks[hook]:
            function(self.trainer, self.trainer.lightning_module, *arguments)
