"""Shows the first batches of an epoch to the callbacks that look into a network."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from litmlp.callbacks.layer_snapshots import ENOUGH_ROWS, Snapshots
from litmlp.engine.vectorized.grouped_run import GroupedRun
from litmlp.engine.vectorized.stack import named_buffers


class BatchHooks:
    """Calls the batch hooks of each run's snapshots, as the run's own Trainer would."""

    def __init__(self, runs: Sequence[GroupedRun]) -> None:
        self.runs = runs
        self.snapshots = [
            [c for c in run.callbacks if isinstance(c, Snapshots)] for run in runs
        ]

    def are_due(self, batch: int, rows: int) -> bool:
        """Return whether a snapshot of this epoch still needs rows."""
        return any(self.snapshots) and batch * rows <= ENOUGH_ROWS

    def before_batch(self, features: Tensor, batch: int) -> None:
        """Call the hooks before a batch with features [K, B, F], and the networks."""
        for k, run in enumerate(self.runs):
            self._call(k, "on_train_batch_start", None, batch)
            if any(callback.is_watching for callback in self.snapshots[k]):
                run.attempt(partial(call_network, run, features[k]))

    def before_step(self, loss: Tensor) -> None:
        """Call the hooks between the backward pass and the optimizer's step."""
        for k, run in enumerate(self.runs):
            self._call(k, "on_before_backward", loss)
            self._call(k, "on_before_optimizer_step", run.optimizer)

    def after_batch(self, outputs: Tensor, targets: Tensor, batch: int) -> None:
        """Call the hooks after the optimizer's step."""
        for k, own in enumerate(outputs):
            seen = {"outputs": own}, (None, targets[k])
            self._call(k, "on_train_batch_end", *seen, batch)

    def _call(self, k: int, hook: str, *arguments: Any) -> None:
        run = self.runs[k]
        for callback in self.snapshots[k]:
            own = partial(getattr(callback, hook), run.trainer, run.model, *arguments)
            run.attempt(own)


@torch.no_grad()
def call_network(run: GroupedRun, features: Tensor) -> None:
    """Call a run's own network, whose layers snapshots watch; it stays as it is.

    Its dropout draws the numbers that the masks of the group draw afterwards.
    """
    buffers = {name: buffer.clone() for name, buffer in named_buffers(run.model)}
    with run.own_random_numbers():
        functional_call(run.model, buffers, (features,))
