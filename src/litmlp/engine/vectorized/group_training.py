"""Runs that train together: one stacked network under one Trainer."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import torch
from lightning.pytorch import LightningModule
from torch import Tensor
from torch.optim import Optimizer

from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.engine.process import signals
from litmlp.engine.vectorized.batch_hooks import BatchHooks
from litmlp.engine.vectorized.group_rows import (
    GroupData,
    SubGroup,
    row_orders,
    split_of,
    subgroups_of,
)
from litmlp.engine.vectorized.grouped_run import GroupedRun
from litmlp.engine.vectorized.optimizers import RULES, values_of
from litmlp.engine.vectorized.stack import Stack, clip, group_indices
from litmlp.engine.vectorized.stacked_loss import StackedLoss
from litmlp.engine.vectorized.stacked_metrics import Measure, measures_of
from litmlp.engine.vectorized.vmapped_network import stacked_network


class Group(LightningModule):
    """Trains runs side by side until the last of them is done.

    A step is one product per layer for all runs, each on its own rows; the gradient of
    a run is that of its own loss. A run that is done leaves the stack.
    """

    def __init__(self, runs: Sequence[GroupedRun]) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.runs = list(runs)
        self.num_ended = 0
        self.num_batches = max(len(run.batches) for run in runs)

    def train_dataloader(self) -> Iterable[int]:
        return range(self.num_batches)

    def configure_optimizers(self) -> list[Optimizer]:
        return []  # a rule updates the rows of the stack

    def on_fit_start(self) -> None:
        for run in self.runs:
            run.do(run.begin)
        self._remove_done()

    def on_train_start(self) -> None:
        first = self.runs[0]
        self.network = stacked_network(first.model)
        self.rule = RULES[type(first.optimizer)]
        self.stack = Stack([run.model for run in self.runs], self.device)
        self._read_values()
        self.stack.state = self.rule.state(self.stack.parameters, self.values)
        for k, run in enumerate(self.runs):
            self.stack.load_state(k, run.optimizer_state(), run.trainer.global_step)
        self.data = GroupData(self.runs, self.device)
        self._arrange()

    def on_train_epoch_start(self) -> None:
        waits = signals.Received.waits  # a signal from now on waits for the next epoch
        for run in self.runs:
            run.do(run.begin_epoch)
        if waits:
            signals.raise_deferred()
        batches = [run.batches for run in self.runs]
        epochs = [run.trainer.current_epoch for run in self.runs]
        starts = [self.data.start(run) for run in self.runs]
        self.rows = row_orders(batches, starts, epochs).to(self.device)
        self.outputs = torch.empty(0)

    def training_step(self, batch: int, i: int) -> None:
        if i >= len(self.subgroups):
            return
        done = [self._compute_gradients(own, i) for own in self.subgroups[i]]
        some = [own.indices for own in self.subgroups[i] if own.indices is not None]
        indices = torch.cat(some).sort().values if some else None
        self._update(indices)
        self._average(indices, i)
        for show_end in filter(None, done):
            show_end()
        if any(run.steps_schedule for run in self.runs):
            for k in self._numbers(indices):
                self.runs[k].step_schedule_after_batch()
            self._read_values()

    def on_train_epoch_end(self) -> None:
        validation = self._validate()
        for indices in group_indices(self.runs, lambda run: run.batches.num_rows):
            own = [self.runs[k] for k in indices]
            count = own[0].batches.num_rows
            outputs = self.outputs[indices, :count]
            targets = self.data.targets[self.rows[indices, :count]]
            measures = measures_of([run.model for run in own], outputs, targets)
            every = zip(own, indices, outputs, targets, measures, strict=True)
            for run, k, out, true, measure in every:
                run.do(partial(run.end_epoch, out, true, measure, validation.get(k)))
        if self._remove_done() and self.runs:
            self._arrange()
        self._read_values()

    def _compute_gradients(self, own: SubGroup, i: int) -> Callable[[], None] | None:
        """Do both passes of a subgroup; return what calls the hooks after the step."""
        stack, numbers = self.stack, self._numbers(own.indices)
        leaves, buffers = stack.leaves, stack.buffers
        if own.indices is not None:
            leaves, buffers = (
                stack.copy_rows(rows, own.indices) for rows in (leaves, buffers)
            )
        rows = self.rows[own.place]
        features = self.data.features[rows]
        hooks_are_due = self.hooks.are_due(i, own.num_rows)
        if hooks_are_due:
            self.hooks.before_batch(numbers, features, i)
        masks = self.network.masks([self.runs[k] for k in numbers], own.num_rows)
        outputs = self.network(leaves | buffers, features, masks)
        targets = self.data.targets[rows]
        loss = self.loss(outputs, targets, leaves, own.indices)
        gradients = torch.autograd.grad(loss, list(leaves.values()))
        stack.put(gradients, buffers, own.indices)
        outputs = outputs.detach()
        if not len(self.outputs):
            self.outputs = outputs.new_zeros(*self.rows.shape, outputs.shape[2])
        self.outputs[own.place] = outputs
        if not hooks_are_due:
            return None
        self.hooks.before_step(numbers, loss)
        return partial(self.hooks.after_batch, numbers, outputs, targets, i)

    def _update(self, indices: Tensor | None) -> None:
        """Do a step of the optimizer, for some runs or for all."""
        stack, values = self.stack, self.values
        clip(stack.gradients, *self.clipping)
        if indices is None or len(indices) == len(self.runs):
            self.rule.step(stack.parameters, stack.gradients, stack.state, values)
            return
        weights = stack.parameters[indices]
        state = {name: rows[indices] for name, rows in stack.state.items()}
        self.rule.step(weights, stack.gradients[indices], state, values.of(indices))
        stack.parameters[indices] = weights
        for name, rows in state.items():
            stack.state[name][indices] = rows

    @torch.no_grad()
    def _average(self, indices: Tensor | None, i: int) -> None:
        """Take the weights into their averages after a step, if these are kept."""
        if self.stack.average is None:
            return
        fractions = self.stack.average.new_zeros(len(self.runs), 1)
        numbers = self._numbers(indices)
        own = [self.runs[k].fraction_of_average(i) for k in numbers]
        fractions[[*numbers], 0] = fractions.new_tensor(own)
        self.stack.average.lerp_(self.stack.parameters, fractions)

    @torch.no_grad()
    def _validate(self) -> dict[int, Measure]:
        """Return what measures the validation rows of each run, by its index."""
        found: dict[int, Measure] = {}
        for indices in group_indices(self.runs, split_of):
            if validation := self.data.validation(self.runs[indices[0]]):
                features, targets = validation
                tensors, count = self.stack.validated, len(indices)
                if count < len(self.runs):
                    tensors = self.stack.copy_rows(tensors, torch.tensor(indices))
                batches = torch.split(features, EVALUATION_BATCH_SIZE)
                each = [self.network(tensors, b.expand(count, -1, -1)) for b in batches]
                outputs = torch.cat(each, dim=1)
                same_targets = targets.expand(count, *targets.shape)
                models = [self.runs[k].model for k in indices]
                measures = measures_of(models, outputs, same_targets)
                found |= dict(zip(indices, measures, strict=True))
        return found

    def _remove_done(self) -> bool:
        """Let runs that are done leave; with the last run the training ends."""
        leaving = [run for run in self.runs if run.is_done]
        staying = [k for k, run in enumerate(self.runs) if not run.is_done]
        for run in leaving:
            run.finish()
            self.num_ended += 1
        self.runs = [self.runs[k] for k in staying]
        self.trainer.should_stop = not self.runs
        if leaving and staying and hasattr(self, "stack"):
            self.stack.keep(torch.tensor(staying))
        return bool(leaving)

    def _arrange(self) -> None:
        """Renew what depends on which runs there are."""
        models = [run.model for run in self.runs]
        self.stack.bind(models)
        for run, state in zip(self.runs, self.stack.states(), strict=True):
            run.set_optimizer_state(state)
        self.subgroups = subgroups_of([run.batches for run in self.runs])
        self.loss = StackedLoss(models)
        self.hooks = BatchHooks(self.runs)
        trainer = self.runs[0].trainer
        by_value = trainer.gradient_clip_algorithm == "value"
        self.clipping = trainer.gradient_clip_val, by_value

    def _read_values(self) -> None:
        """Read the hyperparameters, which the schedulers change in the optimizers."""
        if self.runs:
            optimizers = [run.optimizer for run in self.runs]
            self.values = values_of(
                optimizers,
                self.device,
                places=[run.places for run in self.runs],
                sizes=[shape.numel() for shape in self.stack.shapes.values()],
            )

    def _numbers(self, indices: Tensor | None) -> Sequence[int]:
        return range(len(self.runs)) if indices is None else indices.tolist()
