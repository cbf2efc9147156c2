"""A run of a group: its own Trainer, driven from outside."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import Checkpoint, EarlyStopping
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from litmlp.callbacks.averaging import Averaging
from litmlp.callbacks.checkpoint import BestAndLast
from litmlp.callbacks.divergence import Divergence
from litmlp.callbacks.progress import Progress
from litmlp.callbacks.throughput import Throughput
from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.engine.config.run_settings import seed_of
from litmlp.engine.process import lightning_internals as counters
from litmlp.engine.run.prepare import Run
from litmlp.engine.vectorized.optimizers import places_of
from litmlp.engine.vectorized.stack import Tensors, release
from litmlp.engine.vectorized.stacked_metrics import Measure


class GroupedRun:
    """Keeps the counters of a run's Trainer and calls its hooks.

    The callbacks, loggers, optimizer and scheduler are those that the run has alone;
    they see a Trainer and a model as they would see them then.
    """

    def __init__(
        self,
        run: Run,
        context: Callable[[], AbstractContextManager[None]],
        checkpoint: Path | None = None,
    ) -> None:
        self.run = run
        self.context = context
        self.resumes_from = checkpoint
        self.error: Exception | None = None
        self.data, self.model, self.trainer = run.data, run.model, run.trainer
        self.batches = run.data.train_batches
        self.generator = torch.Generator()
        self.callbacks: list[Callback] = self.trainer.callbacks  # type: ignore[attr-defined]  # set by Lightning, not declared
        self.checkpoint = next(c for c in self.callbacks if isinstance(c, BestAndLast))
        averages = [c for c in self.callbacks if isinstance(c, Averaging)]
        self.averaging = averages[0] if averages else None
        for callback in self.callbacks:
            if isinstance(callback, Progress):
                callback.has_bar = False  # the group has one

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer that holds hyperparameters and state; it never steps."""
        return self.trainer.optimizers[0]

    @cached_property
    def places(self) -> list[int]:
        """See :func:`~litmlp.engine.vectorized.optimizers.places_of`."""
        return places_of(self.optimizer, self.model.parameters())

    def fraction_of_average(self, i: int) -> float:
        """Return the fraction of the newest weights in their average after a batch."""
        assert self.averaging
        return self.averaging.fraction(
            step=self.trainer.global_step + i + 1,
            epoch=self.trainer.current_epoch + 1,
            ends_epoch=i + 1 == len(self.batches),
        )

    @property
    def steps_schedule(self) -> bool:
        """Whether the learning rate may change with every step."""
        return self.trainer.lr_scheduler_configs[0].interval == "step"

    @property
    def is_done(self) -> bool:
        """Whether the run has trained for as long as it should, or has failed."""
        epoch = self.trainer.current_epoch
        stopped = self.trainer.should_stop or epoch == self.trainer.max_epochs
        return stopped or self.error is not None

    def do(self, action: Callable[[], None]) -> None:
        """Call something in the context of this run, unless the run has failed."""
        if self.error is None:
            with self.context():
                self.attempt(action)

    def attempt(self, action: Callable[[], None]) -> None:
        """Call something; an error lets this run fail, and the others go on."""
        if self.error is None:
            try:
                action()
            except Exception as error:
                self.error = error

    def begin(self) -> None:
        """Do what comes before the first epoch."""
        self.generator.manual_seed(seed_of(self.run.config, "dropout"))
        counters.start_fit(self.trainer, self.model, self.data)
        self._call("setup", stage="fit")
        counters.set_up_fit(self.trainer, self.resumes_from)
        with self.own_random_numbers():  # a checkpoint restores their state
            for hook in ("on_fit_start", "on_train_start"):
                self._call(hook)
                getattr(self.model, hook)()
            self.generator.set_state(torch.get_rng_state())
        self.model.train()

    def begin_epoch(self) -> None:
        """Do what comes before the first batch of an epoch."""
        counters.begin_epoch(self.trainer)
        self._call("on_train_epoch_start")
        self.model.on_train_epoch_start()
        with self.own_random_numbers():
            self.checkpoint.write_if_due(self.trainer, 0)
        counters.begin_batches(self.trainer)

    def end_epoch(
        self,
        outputs: Tensor,
        targets: Tensor,
        measure: Measure,
        validation: Measure | None,
    ) -> None:
        """Do what comes after the last batch of an epoch, and its validation.

        Args:
            outputs: of all rows of the epoch, [N, O].
            targets: of the same rows, [N, …].
            measure: gives loss and metrics of these rows.
            validation: gives those of the validation rows, if there are any.
        """
        self.model.measured["train"] = values = measure()
        count = len(self.batches)
        counters.count_batches(self.trainer, count)
        if self.steps_schedule:
            counters.count_schedule(self.trainer, count)
        else:
            self._step_schedule(plateau=False)
        rows, seen = (outputs, targets), {"outputs": outputs}
        for callback in self.callbacks:
            if isinstance(callback, Throughput):
                callback.on_train_batch_end(self.trainer, self.model, seen, rows, 0)
            if isinstance(callback, Divergence):
                callback.judge(self.trainer, float(values["loss"]))
        self.model.on_train_batch_end(seen, rows, 0)
        if validation:
            rows_of_validation = len(self.data.rows["val"])
            batches = -(-rows_of_validation // EVALUATION_BATCH_SIZE)
            counters.count_validation(self.trainer, batches)
            self.model.measured["val"] = validation()
            self.model.on_validation_epoch_end()
        self._call_epoch_end()
        self._step_schedule(plateau=True)
        counters.end_epoch(self.trainer)

    def step_schedule_after_batch(self) -> None:
        """Step a scheduler that goes by steps."""
        if self.steps_schedule:
            self.attempt(partial(self._step_schedule, plateau=False))

    def optimizer_state(self) -> dict[str, Tensors]:
        """Return the state of the optimizer: values by name, by parameter."""
        named = self.model.named_parameters()
        return {name: self.optimizer.state.get(p, {}) for name, p in named}

    def set_optimizer_state(self, state: dict[str, Tensors]) -> None:
        """Set the state of the optimizer: values by name, by parameter."""
        parameters = dict(self.model.named_parameters())
        for name, values in state.items():
            self.optimizer.state[parameters[name]] = values

    def finish(self) -> None:
        """Do what comes after the last epoch, or after the run's error."""
        self.do(self._end)
        if self.error is not None:
            with self.context(), suppress(Exception):  # the first error is reported
                self.save(self.error)
        release(self.model)

    def save(self, error: BaseException) -> None:
        """Save the last state, as callbacks do when a fit breaks off."""
        with self.own_random_numbers():
            for callback in self.callbacks:
                callback.on_exception(self.trainer, self.model, error)

    @contextmanager
    def own_random_numbers(self) -> Iterator[None]:
        """Set torch's random numbers to this run's, as a checkpoint records them."""
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self.generator.get_state())
            yield

    def _end(self) -> None:
        with self.own_random_numbers():
            self._call("on_train_end")
            self.model.on_train_end()
            self._call("on_fit_end")

    def _call_epoch_end(self) -> None:
        """Call the hooks in Lightning's order: monitors after the model has logged."""
        monitors = [
            c for c in self.callbacks if isinstance(c, EarlyStopping | Checkpoint)
        ]
        others = [c for c in self.callbacks if c not in monitors]
        for callback in others:
            callback.on_train_epoch_end(self.trainer, self.model)
        self.model.on_train_epoch_end()
        for callback in monitors:
            callback.on_train_epoch_end(self.trainer, self.model)

    def _step_schedule(self, *, plateau: bool) -> None:
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
            counters.count_schedule(self.trainer, 1)

    def _call(self, hook: str, **arguments: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(self.trainer, self.model, **arguments)
