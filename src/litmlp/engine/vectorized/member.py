"""A run whose batches are trained elsewhere: its own Trainer, driven from outside."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, EarlyStopping
from lightning_utilities.core.apply_func import apply_to_collection
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from litmlp.callbacks.checkpoint import BestAndLast
from litmlp.callbacks.divergence import Divergence
from litmlp.callbacks.progress import Progress
from litmlp.callbacks.throughput import Throughput
from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.engine.config.run_settings import seed_of
from litmlp.engine.process import lightning_internals
from litmlp.engine.run.prepare import Run
from litmlp.engine.vectorized.stack import Tensors, release
from litmlp.engine.vectorized.stacked_metrics import Measure


class Member:
    """A run within a group: keeps its Trainer's books and calls its hooks.

    Its callbacks, loggers, optimizer and scheduler are those that it has alone; they
    see a Trainer and a model as they would be then.

    Args:
        run: built and announced.
        point: what it goes on from; None for a fresh start.
        context: what it is to be dealt with in, such as a log of its own.
    """

    def __init__(
        self,
        run: Run,
        context: Callable[[], AbstractContextManager[None]],
        point: Path | None = None,
    ) -> None:
        self.run = run
        self.point = point
        self.context = context
        self.error: Exception | None = None
        self.data, self.model, self.trainer = run.data, run.model, run.trainer
        self.batches = run.data.train_batches
        self.generator = torch.Generator()
        self.callbacks: list[Callback] = self.trainer.callbacks  # type: ignore[attr-defined]  # set by Lightning, not declared
        self.callbacks.append(OwnCopies())
        self.checkpoint = next(c for c in self.callbacks if isinstance(c, BestAndLast))
        for callback in self.callbacks:
            if isinstance(callback, Progress):
                callback.has_bar = False  # there would be one a member

    @property
    def optimizer(self) -> Optimizer:
        """It never steps: it holds hyperparameters, and state for the checkpoint."""
        return self.trainer.optimizers[0]

    @property
    def steps_schedule(self) -> bool:
        """Whether its learning rate may change with every iteration."""
        return self.trainer.lr_scheduler_configs[0].interval == "step"

    @property
    def is_done(self) -> bool:
        """Whether it has trained for as long as it should."""
        epoch = self.trainer.current_epoch
        stopped = self.trainer.should_stop or epoch == self.trainer.max_epochs
        return stopped or self.error is not None

    def do(self, action: Callable[[], None]) -> None:
        """Let it do something in its context."""
        if self.error is None:
            with self.context():
                self.attempt(action)

    def attempt(self, action: Callable[[], None]) -> None:
        """Let it do something; an error is its own, and the others go on."""
        if self.error is None:
            try:
                action()
            except Exception as error:
                self.error = error

    def begin(self) -> None:
        """What comes before the first epoch."""
        trainer, model = self.trainer, self.model
        self.generator.manual_seed(seed_of(self.run.config, "dropout"))
        lightning_internals.start_fit(trainer, model, self.data)
        self.call("setup", stage="fit")
        lightning_internals.set_up_fit(trainer, self.point)
        with self._random_numbers():  # the model restores those of a checkpoint
            for hook in ("on_fit_start", "on_train_start"):
                self.call(hook)
                getattr(model, hook)()
            self.generator.set_state(torch.get_rng_state())
        model.train()

    def begin_epoch(self) -> None:
        """What comes before the first batch of an epoch."""
        lightning_internals.begin_epoch(self.trainer)
        self.call("on_train_epoch_start")
        self.model.on_train_epoch_start()
        with self._random_numbers():
            self.checkpoint.write_if_due(self.trainer, 0)
        lightning_internals.begin_batches(self.trainer)

    def end_epoch(
        self,
        outputs: Tensor,
        targets: Tensor,
        measure: Measure,
        validation: Measure | None,
    ) -> None:
        """What comes after the last batch of an epoch, and its validation.

        Args:
            outputs, targets: of all its batches, one after the other.
            measure, validation: give metrics of these and of validation rows, if any.
        """
        self.model.measured["train"] = values = measure()
        count = len(self.batches)
        lightning_internals.count_batches(self.trainer, count)
        if self.steps_schedule:
            lightning_internals.count_schedule(self.trainer, count)
        else:
            self.step_schedule(plateau=False)
        rows, seen = (outputs, targets), {"outputs": outputs}
        for callback in self.callbacks:
            if isinstance(callback, Throughput):
                callback.on_train_batch_end(self.trainer, self.model, seen, rows, 0)
            if isinstance(callback, Divergence):
                callback.judge(self.trainer, float(values["loss"]))
        self.model.on_train_batch_end(seen, rows, 0)
        self._end_validation(validation)

    def _end_validation(self, validation: Measure | None) -> None:
        trainer, model = self.trainer, self.model
        if validation:
            rows = len(self.data.rows["val"])
            lightning_internals.count_validation(
                trainer, -(-rows // EVALUATION_BATCH_SIZE)
            )
            model.measured["val"] = validation()
            model.on_validation_epoch_end()
        kinds = EarlyStopping | Checkpoint
        monitoring = [c for c in self.callbacks if isinstance(c, kinds)]
        for callback in self.callbacks:
            if callback not in monitoring:
                callback.on_train_epoch_end(trainer, model)
        model.on_train_epoch_end()
        for callback in monitoring:
            callback.on_train_epoch_end(trainer, model)
        self.step_schedule(plateau=True)
        lightning_internals.end_epoch(trainer)

    def step_schedule(self, *, plateau: bool) -> None:
        """Step the scheduler if it is, or is not, one that looks at a metric."""
        config = self.trainer.lr_scheduler_configs[0]
        scheduler = config.scheduler
        if isinstance(scheduler, ReduceLROnPlateau) is not plateau:
            return
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(self.trainer.callback_metrics[str(config.monitor)])
        else:
            scheduler.step()
        if config.interval == "epoch":
            lightning_internals.count_schedule(self.trainer, 1)

    def state(self) -> dict[str, Tensors]:
        """What its optimizer remembers: values by name, by parameter."""
        named = self.model.named_parameters()
        return {name: self.optimizer.state.get(p, {}) for name, p in named}

    def remember(self, state: dict[str, Tensors]) -> None:
        """Let the optimizer hold its state: values by name, by parameter."""
        parameters = dict(self.model.named_parameters())
        for name, values in state.items():
            self.optimizer.state[parameters[name]] = values

    def step_schedule_of_iteration(self) -> None:
        """What comes after an iteration."""
        if self.steps_schedule:
            self.attempt(partial(self.step_schedule, plateau=False))

    def finish(self) -> None:
        """What comes after the last epoch, or after its error."""
        self.do(self._end)
        if self.error is not None:
            with self.context(), suppress(Exception):  # the first error is told
                self.break_off(self.error)
        release(self.model)

    def break_off(self, error: BaseException) -> None:
        """What comes when the training breaks off: its last state is saved."""
        with self._random_numbers():
            for callback in self.callbacks:
                callback.on_exception(self.trainer, self.model, error)

    def _end(self) -> None:
        with self._random_numbers():
            self.call("on_train_end")
            self.model.on_train_end()
            self.call("on_fit_end")

    @contextmanager
    def _random_numbers(self) -> Iterator[None]:
        """Let torch draw where the member's generator is: a checkpoint notes it."""
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self.generator.get_state())
            yield

    def call(self, hook: str, **arguments: Any) -> None:
        """Call a hook of all callbacks."""
        for callback in self.callbacks:
            getattr(callback, hook)(self.trainer, self.model, **arguments)


class OwnCopies(Callback):
    """Saves copies: a view would take the rows of all members into the file."""

    def on_save_checkpoint(
        self, trainer: Trainer, model: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        for key in ("state_dict", "optimizer_states", "callbacks"):
            checkpoint[key] = apply_to_collection(checkpoint[key], Tensor, own_copy)


def own_copy(tensor: Tensor) -> Tensor:
    """On the CPU, with memory of its own."""
    return tensor.detach().clone().cpu()
