"""Shows the first batches of an epoch to the callbacks that look into a network."""

from collections.abc import Sequence

from torch import Tensor

from litmlp.callbacks.snapshots import ENOUGH_ROWS, Snapshots
from litmlp.vectorized.member import Member


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

    def is_due(self, iteration: int, rows: int) -> bool:
        """Whether there is still something to see in this epoch."""
        return any(self.watchers) and iteration * rows <= ENOUGH_ROWS

    def begin(self, numbers: Sequence[int], iteration: int) -> None:
        """Before a batch."""
        for k in numbers:
            member = self.members[k]
            for watcher in self.watchers[k]:
                watcher.on_train_batch_start(
                    member.trainer, member.model, None, iteration
                )

    def show(
        self, numbers: Sequence[int], name: str, inputs: Tensor, outputs: Tensor
    ) -> None:
        """A module was called: let the hooks see that of each member."""
        for j, k in enumerate(numbers):
            module = self.members[k].model.get_submodule(name)
            for hook in list(module._forward_hooks.values()):
                hook(module, (inputs[j].detach(),), outputs[j].detach())

    def before_step(self, numbers: Sequence[int], loss: Tensor) -> None:
        """After backward, when gradients are there."""
        for k in numbers:
            member = self.members[k]
            for watcher in self.watchers[k]:
                watcher.on_before_backward(member.trainer, member.model, loss)
                watcher.on_before_optimizer_step(
                    member.trainer, member.model, member.optimizer
                )

    def end(
        self,
        numbers: Sequence[int],
        outputs: Tensor,
        targets: Tensor,
        iteration: int,
    ) -> None:
        """After the optimizer's step."""
        for j, k in enumerate(numbers):
            member, seen = self.members[k], {"outputs": outputs[j]}
            for watcher in self.watchers[k]:
                watcher.on_train_batch_end(
                    member.trainer,
                    member.model,
                    seen,
                    (None, targets[j]),
                    iteration,
                )
