"""Runs that train together: one stacked network under one Trainer."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import torch
from lightning.pytorch import LightningModule
from torch import Tensor
from torch.optim import Optimizer

from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.engine.process import signals
from litmlp.engine.vectorized.batch_hooks import Watch
from litmlp.engine.vectorized.batch_plan import Part, orders_of, parts_of
from litmlp.engine.vectorized.group_data import Rows, split_of
from litmlp.engine.vectorized.member import Member
from litmlp.engine.vectorized.optimizers import RULES
from litmlp.engine.vectorized.stack import Stack, clip
from litmlp.engine.vectorized.stacked_hyperparameters import hyperparameters_of
from litmlp.engine.vectorized.stacked_loss import Objective, alike
from litmlp.engine.vectorized.stacked_metrics import Measure, measures_of
from litmlp.engine.vectorized.stacked_mlp import Chain, is_chain
from litmlp.engine.vectorized.stacked_module import Mapped


class Group(LightningModule):
    """Trains its members side by side until the last of them is done.

    Each iteration is one product a layer for all members, each on its own rows; each
    member's gradient is that of its own loss. A member that is done leaves the stack.

    Args:
        members: of one shape, with one kind of optimizer.
        ending: called with each member as it leaves.
    """

    def __init__(
        self, members: Sequence[Member], ending: Callable[[Member], None]
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.members = list(members)
        self.ending = ending
        self.num_batches = max(len(member.batches) for member in members)

    def train_dataloader(self) -> Iterable[int]:
        return range(self.num_batches)

    def configure_optimizers(self) -> list[Optimizer]:
        return []  # the stack's rows are updated by a rule of their own

    def on_fit_start(self) -> None:
        for member in self.members:
            member.do(member.begin)
        self._let_go()

    def on_train_start(self) -> None:
        first = self.members[0].model
        self.network = Chain(first) if is_chain(first) else Mapped(first)
        self.rule = RULES[type(self.members[0].optimizer)]
        self.stack = Stack([member.model for member in self.members], self.device)
        self._read_values()
        self.stack.state = self.rule.state(self.stack.parameters, self.values)
        for k, member in enumerate(self.members):
            self.stack.take_state(k, member.state(), member.trainer.global_step)
        self.data = Rows(self.members, self.device)
        self._arrange()

    def on_train_epoch_start(self) -> None:
        waits = signals.Received.waits  # one that comes in between waits for its write
        for member in self.members:
            member.do(member.begin_epoch)
        if waits:
            signals.raise_deferred()
        batches = [member.batches for member in self.members]
        epochs = [member.trainer.current_epoch for member in self.members]
        starts = [self.data.start(member) for member in self.members]
        self.rows = orders_of(batches, starts, epochs).to(self.device)
        self.features = self.data.features(self.members, self.parts, self.rows)
        self.seen = torch.empty(0)

    def training_step(self, batch: int, i: int) -> None:
        if i >= len(self.parts):
            return
        parts = self.parts[i]
        seen = zip(parts, next(self.features), strict=True)
        done = [self._learn(part, features, i) for part, features in seen]
        members = [part.members for part in parts if part.members is not None]
        self._update(torch.cat(members).sort().values if members else None)
        for show_end in filter(None, done):
            show_end()
        if any(member.steps_schedule for member in self.members):
            for k in self._numbers(torch.cat(members) if members else None):
                self.members[k].step_schedule_of_iteration()
            self._read_values()

    def on_train_epoch_end(self) -> None:
        validation = self._validate()
        for numbers in alike(self.members, lambda member: member.batches.num_rows):
            own = [self.members[k] for k in numbers]
            count = own[0].batches.num_rows
            outputs = self.seen[numbers, :count]
            targets = self.data.targets[self.rows[numbers, :count]]
            measures = measures_of([member.model for member in own], outputs, targets)
            seen = zip(outputs, targets, measures, strict=True)
            for k, (out, true, measure) in zip(numbers, seen, strict=True):
                member, tested = self.members[k], validation.get(k)
                member.do(partial(member.end_epoch, out, true, measure, tested))
        if self._let_go() and self.members:
            self._arrange()
        self._read_values()

    def outputs(self, numbers: Sequence[int], features: Tensor) -> Tensor:
        """What members make of the same rows: [N, F] → [k, N, O]."""
        tensors = self.stack.leaves | self.stack.buffers
        if len(numbers) < len(self.members):
            tensors = self.stack.taken(tensors, torch.tensor(numbers))
        batches = torch.split(features.to(self.device), EVALUATION_BATCH_SIZE)
        shown = [rows.expand(len(numbers), *rows.shape) for rows in batches]
        found = [self.network(tensors, rows, [], training=False) for rows in shown]
        return torch.cat(found, dim=1)

    def _learn(self, part: Part, features: Tensor, i: int) -> Callable[[], None] | None:
        """Forward and backward of members whose batches are of one size."""
        stack, members, numbers = self.stack, part.members, self._numbers(part.members)
        leaves, buffers = stack.leaves, stack.buffers
        if members is not None:
            leaves, buffers = (stack.taken(t, members) for t in (leaves, buffers))
        watching = self.watch.is_due(i, part.num_rows)
        if watching:
            self.watch.begin(numbers, i)
        chosen = [self.members[k] for k in numbers]
        outputs = self.network(
            leaves | buffers,
            features,
            self.network.masks(chosen, part.num_rows),
            training=True,
            look=partial(self.watch.show, numbers) if watching else None,
        )
        targets = self.data.targets[self.rows[part.cut()]]
        loss = self.objective(outputs, targets, leaves, members)
        gradients = torch.autograd.grad(loss, list(leaves.values()))
        stack.put(gradients, buffers, members)
        outputs = outputs.detach()
        self._note(part, outputs)
        if not watching:
            return None
        self.watch.before_step(numbers, loss)
        return partial(self.watch.end, numbers, outputs, targets, i)

    def _note(self, part: Part, outputs: Tensor) -> None:
        """Keep an iteration's outputs for the metrics of the epoch."""
        if not len(self.seen):
            self.seen = outputs.new_zeros(*self.rows.shape, outputs.shape[2])
        self.seen[part.cut()] = outputs

    def _update(self, members: Tensor | None) -> None:
        """One step of the optimizer, for some members or for all."""
        stack, values = self.stack, self.values
        clip(stack.gradients, *self.clipping)
        if members is None or len(members) == len(self.members):
            self.rule.step(stack.parameters, stack.gradients, stack.state, values)
            return
        weights = stack.parameters[members]
        state = {name: rows[members] for name, rows in stack.state.items()}
        self.rule.step(weights, stack.gradients[members], state, values.of(members))
        stack.parameters[members] = weights
        for name, rows in state.items():
            stack.state[name][members] = rows

    @torch.no_grad()
    def _validate(self) -> dict[int, Measure]:
        """What measures each member's validation rows, by its number."""
        found: dict[int, Measure] = {}
        for numbers in alike(self.members, split_of):
            if validation := self.data.validation(self.members[numbers[0]]):
                features, targets = validation
                outputs = self.outputs(numbers, features)
                everyones = targets.expand(len(numbers), *targets.shape)
                models = [self.members[k].model for k in numbers]
                measures = measures_of(models, outputs, everyones)
                found |= dict(zip(numbers, measures, strict=True))
        return found

    def _let_go(self) -> bool:
        """Members that are done leave; with the last one the training ends."""
        leaving = [member for member in self.members if member.is_done]
        staying = [k for k, m in enumerate(self.members) if not m.is_done]
        for member in leaving:
            member.finish()
            self.ending(member)
        self.members = [self.members[k] for k in staying]
        self.trainer.should_stop = not self.members
        if leaving and staying and hasattr(self, "stack"):
            self.stack.keep(torch.tensor(staying))
        return bool(leaving)

    def _arrange(self) -> None:
        """What follows from who is there."""
        models = [member.model for member in self.members]
        self.stack.bind(models)
        for member, state in zip(self.members, self.stack.states(), strict=True):
            member.remember(state)
        self.parts = parts_of([member.batches for member in self.members])
        self.objective = Objective(models)
        self.watch = Watch(self.members)
        trainer = self.members[0].trainer
        by_value = trainer.gradient_clip_algorithm == "value"
        self.clipping = trainer.gradient_clip_val, by_value

    def _read_values(self) -> None:
        """What the members' schedulers have made of their optimizers."""
        if self.members:
            optimizers = [member.optimizer for member in self.members]
            self.values = hyperparameters_of(optimizers, self.device)

    def _numbers(self, members: Tensor | None) -> Sequence[int]:
        return range(len(self.members)) if members is None else members.tolist()
