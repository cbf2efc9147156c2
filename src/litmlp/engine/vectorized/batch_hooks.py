"""Shows the first batches of an epoch to the callbacks that look into a network."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import Tensor

from litmlp.callbacks.snapshots import ENOUGH_ROWS, Snapshots
from litmlp.engine.vectorized.member import Member


class Watch:
    """Calls the batch hooks of each member's snapshots, as its own Trainer would.

    Args:
        members: all of them; a part's are given by their numbers.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        self.watchers = [
            [c for c in member.callbacks if isinstance(c, Snapshots)]
            for member in members
        ]
        # By name, in one look: asked for one by one, they take as long as a layer.
        self.modules = [dict(member.model.named_modules()) for member in members]

    def is_due(self, iteration: int, rows: int) -> bool:
        """Whether there is still something to see in this epoch."""
        return any(self.watchers) and iteration * rows <= ENOUGH_ROWS

    def begin(self, numbers: Sequence[int], iteration: int) -> None:
        """Before a batch."""
        for k in numbers:
            self._call(k, "on_train_batch_start", None, iteration)

    def show(
        self, numbers: Sequence[int], name: str, inputs: Tensor, outputs: Tensor
    ) -> None:
        """A module was called: let the hooks see that of each member."""
        for j, k in enumerate(numbers):
            module = self.modules[k][name]
            seen = module, (inputs[j].detach(),), outputs[j].detach()
            for hook in list(module._forward_hooks.values()):
                self.members[k].attempt(partial(hook, *seen))

    def before_step(self, numbers: Sequence[int], loss: Tensor) -> None:
        """After backward, when gradients are there."""
        for k in numbers:
            self._call(k, "on_before_backward", loss)
            self._call(k, "on_before_optimizer_step", self.members[k].optimizer)

    def end(
        self,
        numbers: Sequence[int],
        outputs: Tensor,
        targets: Tensor,
        iteration: int,
    ) -> None:
        """After the optimizer's step."""
        for j, k in enumerate(numbers):
            seen = {"outputs": outputs[j]}, (None, targets[j])
            self._call(k, "on_train_batch_end", *seen, iteration)

    def _call(self, k: int, hook: str, *arguments: Any) -> None:
        """Call a hook of a member's snapshots; an error is its own."""
        member = self.members[k]
        for watcher in self.watchers[k]:
            seen = member.trainer, member.model, *arguments
            member.attempt(partial(getattr(watcher, hook), *seen))
