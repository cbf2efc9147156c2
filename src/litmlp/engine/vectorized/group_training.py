"""Runs that train together, as one stacked network."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.engine.process import signals
from litmlp.engine.vectorized.batch_hooks import BatchHooks
from litmlp.engine.vectorized.group_data import GroupData, split_of
from litmlp.engine.vectorized.grouped_run import GroupedRun
from litmlp.engine.vectorized.optimizers import RULES, values_of
from litmlp.engine.vectorized.stack import Stack, clip, group_indices
from litmlp.engine.vectorized.stacked_loss import StackedLoss
from litmlp.engine.vectorized.stacked_metrics import Measure, measures_of
from litmlp.engine.vectorized.vmapped_network import stacked_network

Show = Callable[[Sequence[GroupedRun], int], None]
"""Gets the runs that begin an epoch, and how many have ended."""


class Group:
    """Trains runs side by side until the last of them is done.

    A step is one product per layer for all runs, each on its own rows; the gradient of
    a run is that of its own loss. A run that is done leaves the stack.
    """

    def __init__(self, runs: Sequence[GroupedRun]) -> None:
        self.runs = list(runs)
        self.num_ended = 0
        self.sizes = runs[0].batches.sizes

    def train(self, show: Show | None = None) -> None:
        """Train the runs, and show each epoch that begins."""
        self.begin()
        while self.runs:
            if show:
                show(self.runs, self.num_ended)
            self.begin_epoch()
            for i, rows in enumerate(torch.split(self.rows, self.sizes, dim=1)):
                self.step(rows, i)
            self.end_epoch()

    def begin(self) -> None:
        """Do what comes before the first epoch, and stack the networks."""
        for run in self.runs:
            run.do(run.begin)
        self._remove_done()
        if not self.runs:
            return
        first = self.runs[0]
        self.device = first.model.device
        self.network = stacked_network(first.model)
        self.rule = RULES[type(first.optimizer)]
        self.stack = Stack([run.model for run in self.runs], self.device)
        self._read_values()
        self.stack.state = self.rule.state(self.stack.parameters, self.values)
        for k, run in enumerate(self.runs):
            self.stack.load_state(k, run.optimizer_state(), run.trainer.global_step)
        self.data = GroupData(self.runs, self.device)
        self._arrange()

    def begin_epoch(self) -> None:
        """Do what comes before the first batch of an epoch."""
        waits = signals.Received.waits  # a signal from now on waits for the next epoch
        for run in self.runs:
            run.do(run.begin_epoch)
        if waits:
            signals.raise_deferred()
        self.rows = self.data.order(self.runs).to(self.device)
        self.outputs: list[Tensor] = []

    def step(self, rows: Tensor, i: int) -> None:
        """Train on a batch, given the indices [K, B] of its rows."""
        features, targets = self.data.features[rows], self.data.targets[rows]
        hooks_are_due = self.hooks.are_due(i, rows.shape[1])
        if hooks_are_due:
            self.hooks.before_batch(features, i)
        outputs, loss = self._compute_gradients(features, targets)
        self.outputs.append(outputs)
        if hooks_are_due:
            self.hooks.before_step(loss)
        stack = self.stack
        clip(stack.gradients, *self.clipping)
        self.rule.step(stack.parameters, stack.gradients, stack.state, self.values)
        self._average(i)
        if hooks_are_due:
            self.hooks.after_batch(outputs, targets, i)
        if any(run.steps_schedule for run in self.runs):
            for run in self.runs:
                run.step_schedule_after_batch()
            self._read_values()

    def end_epoch(self) -> None:
        """Do what comes after the last batch of an epoch."""
        validation = self._validate()
        outputs, targets = torch.cat(self.outputs, dim=1), self.data.targets[self.rows]
        measures = measures_of([run.model for run in self.runs], outputs, targets)
        every = zip(self.runs, outputs, targets, measures, strict=True)
        for k, (run, out, true, measure) in enumerate(every):
            run.do(partial(run.end_epoch, out, true, measure, validation.get(k)))
        staying = self._remove_done()
        if not staying:
            return
        if len(staying) < len(self.stack):
            self.stack.keep(torch.tensor(staying))
            self._arrange()
        self._read_values()

    def _compute_gradients(
        self, features: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Do both passes of a batch; return outputs [K, B, O] and the loss []."""
        leaves = self.stack.leaves
        masks = self.network.masks(self.runs, features.shape[1])
        outputs = self.network(leaves | self.stack.buffers, features, masks)
        loss = self.loss(outputs, targets, leaves)
        gradients = torch.autograd.grad(loss, list(leaves.values()))
        rows = [gradient.reshape(len(self.runs), -1) for gradient in gradients]
        torch.cat(rows, dim=1, out=self.stack.gradients)
        return outputs.detach(), loss

    @torch.no_grad()
    def _average(self, i: int) -> None:
        """Take the weights into their averages after a step, if these are kept."""
        if (average := self.stack.average) is not None:
            fractions = [[run.fraction_of_average(i)] for run in self.runs]
            average.lerp_(self.stack.parameters, average.new_tensor(fractions))

    @torch.no_grad()
    def _validate(self) -> dict[int, Measure]:
        """Return what measures the validation rows of each run, by its index."""
        found: dict[int, Measure] = {}
        for indices in group_indices(self.runs, split_of):
            if validation := self.data.validation(self.runs[indices[0]]):
                features, targets = validation
                tensors, count = self.stack.validated, len(indices)
                if count < len(self.runs):
                    tensors = {name: rows[indices] for name, rows in tensors.items()}
                batches = torch.split(features, EVALUATION_BATCH_SIZE)
                each = [self.network(tensors, b.expand(count, -1, -1)) for b in batches]
                outputs = torch.cat(each, dim=1)
                same_targets = targets.expand(count, *targets.shape)
                models = [self.runs[k].model for k in indices]
                measures = measures_of(models, outputs, same_targets)
                found |= dict(zip(indices, measures, strict=True))
        return found

    def _remove_done(self) -> list[int]:
        """Let runs that are done leave; return the indices of the others."""
        leaving = [run for run in self.runs if run.is_done]
        staying = [k for k, run in enumerate(self.runs) if not run.is_done]
        for run in leaving:
            run.finish()
            self.num_ended += 1
        self.runs = [self.runs[k] for k in staying]
        return staying

    def _arrange(self) -> None:
        """Renew what depends on which runs there are."""
        models = [run.model for run in self.runs]
        self.stack.bind(models)
        for run, state in zip(self.runs, self.stack.states(), strict=True):
            run.set_optimizer_state(state)
        self.loss = StackedLoss(models)
        self.hooks = BatchHooks(self.runs)
        trainer = self.runs[0].trainer
        by_value = trainer.gradient_clip_algorithm == "value"
        self.clipping = trainer.gradient_clip_val, by_value

    def _read_values(self) -> None:
        """Read the hyperparameters, which the schedulers change in the optimizers."""
        self.values = values_of(
            [run.optimizer for run in self.runs],
            self.device,
            places=[run.places for run in self.runs],
            sizes=[shape.numel() for shape in self.stack.shapes.values()],
        )
