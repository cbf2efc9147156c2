"""Shows the first batches of an epoch to the callbacks that look into a network."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import Tensor

from litmlp.callbacks.layer_snapshots import ENOUGH_ROWS, Snapshots
from litmlp.engine.vectorized.grouped_run import GroupedRun


class BatchHooks:
    """Calls the batch hooks of each run's snapshots, as the run's own Trainer would."""

    def __init__(self, runs: Sequence[GroupedRun]) -> None:
        self.runs = runs
        self.snapshots = [
            [c for c in run.callbacks if isinstance(c, Snapshots)] for run in runs
        ]
        # All names at once: to ask for one by one takes as long as a layer.
        self.modules = [dict(run.model.named_modules()) for run in runs]

    def are_due(self, batch: int, rows: int) -> bool:
        """Return whether a snapshot of this epoch still needs rows."""
        return any(self.snapshots) and batch * rows <= ENOUGH_ROWS

    def before_batch(self, indices: Sequence[int], batch: int) -> None:
        """Call the hooks before a batch."""
        for k in indices:
            self._call(k, "on_train_batch_start", None, batch)

    def after_module(
        self, indices: Sequence[int], name: str, inputs: Tensor, outputs: Tensor
    ) -> None:
        """Show a module's inputs and outputs [k, B, …], to each run its own."""
        for j, k in enumerate(indices):
            self._call_note(k, self.modules[k][name], inputs[j], outputs[j])

    def before_step(self, indices: Sequence[int], loss: Tensor) -> None:
        """Call the hooks between the backward pass and the optimizer's step."""
        for k in indices:
            self._call(k, "on_before_backward", loss)
            self._call(k, "on_before_optimizer_step", self.runs[k].optimizer)

    def after_batch(
        self, indices: Sequence[int], outputs: Tensor, targets: Tensor, batch: int
    ) -> None:
        """Call the hooks after the optimizer's step."""
        for j, k in enumerate(indices):
            seen = {"outputs": outputs[j]}, (None, targets[j])
            self._call(k, "on_train_batch_end", *seen, batch)

    def _call(self, k: int, hook: str, *arguments: Any) -> None:
        run = self.runs[k]
        for callback in self.snapshots[k]:
            own = partial(getattr(callback, hook), run.trainer, run.model, *arguments)
            run.attempt(own)

    def _call_note(self, k: int, module: Any, inputs: Tensor, outputs: Tensor) -> None:
        for callback in self.snapshots[k]:
            if callback.is_watching:
                note = partial(callback.note_call, module, (inputs,), outputs)
                self.runs[k].attempt(note)
