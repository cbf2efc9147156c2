"""The cause of a loss that is no finite number: reported, and kept for replay."""

import math
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.func import functional_call

from litmlp.engine.folder.atomic_files import replace
from litmlp.engine.process import random_state
from litmlp.engine.terminal.console import show

FILE = "diverged.pt"

CURE = "try a smaller optimizer.lr, trainer.gradient_clip_val=1, or batchnorm"

LAG = 3
"""Batches after which an accelerator's loss is read; its copy takes some time."""


@dataclass(frozen=True, kw_only=True)
class SeenBatch:
    """A batch of an epoch, both from 0, the weights before it and its loss."""

    epoch: int
    index: int
    batch: Any
    weights: dict[str, Tensor]
    loss: Tensor
    there: torch.Event | None = None


class Divergence(Callback):
    """Ends a fit with the epoch whose training loss is infinite or NaN.

    The weights of that epoch are lost; earlier best weights stay. The first such batch
    and the weights before it are kept in ``diverged.pt``, plain tensors under
    ``features``, ``targets`` and ``state_dict``.

    On the CPU every loss is read at once. On an accelerator each step would wait for
    that: there the weights are copied on the device before each step, and the loss is
    read some batches later.

    Args:
        folder: the run's folder.
    """

    def __init__(self, *, folder: str) -> None:
        self.folder = Path(folder)
        self.note = ""
        self._batch: Any = None
        self._index = 0
        self._unread: deque[SeenBatch] = deque()

    def on_train_batch_start(
        self, trainer: Trainer, model: LightningModule, batch: Any, i: int
    ) -> None:
        self._batch, self._index = batch, i

    def on_before_backward(
        self, trainer: Trainer, model: LightningModule, loss: Tensor
    ) -> None:
        loss, at_once = loss.detach(), is_at_hand(loss)
        if self.note or (at_once and math.isfinite(loss.item())):
            return
        self._unread.append(self._note(trainer, model, loss))
        self._read(trainer, model, unread=0 if at_once else LAG)

    def _note(
        self, trainer: Trainer, model: LightningModule, loss: Tensor
    ) -> SeenBatch:
        weights, there = model.state_dict().items(), None
        if not loss.is_cpu:
            there = torch.Event(loss.device)
            loss = loss.to("cpu", non_blocking=True)
            there.record()
        return SeenBatch(
            epoch=trainer.current_epoch,
            index=self._index,
            batch=self._batch,
            weights={name: value.clone() for name, value in weights},
            loss=loss,
            there=there,
        )

    def _read(self, trainer: Trainer, model: LightningModule, *, unread: int) -> None:
        while len(self._unread) > unread:
            seen = self._unread.popleft()
            if seen.there:
                seen.there.synchronize()
            if not math.isfinite(seen.loss.item()):
                self._unread.clear()
                self._report(trainer, model, seen)

    def _report(
        self, trainer: Trainer, model: LightningModule, seen: SeenBatch
    ) -> None:
        features, targets = seen.batch[:2]
        layer = first_infinite(model, features, seen.weights) or "the loss itself"
        self.note = (
            f"the loss of epoch {seen.epoch + 1}, batch {seen.index + 1} is "
            f"{seen.loss.item()}, and {layer} is the first that gives no finite "
            f"number: {CURE}; the batch is in {FILE}"
        )
        content = {"features": features, "targets": targets, "state_dict": seen.weights}
        if trainer.is_global_zero:
            replace(self.folder / FILE, lambda path: torch.save(content, path))
            show(f"diverged     {self.note}")

    def judge(self, trainer: Trainer, loss: float) -> None:
        """Judge by an epoch's training loss, where no batch is seen."""
        if not self.note and not math.isfinite(loss):
            epoch = trainer.current_epoch + 1
            self.note = f"the loss of epoch {epoch} is {loss}: {CURE}"
            show(f"diverged     {self.note}")

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        self._read(trainer, model, unread=0)
        if self.note:
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        return {"note": self.note}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.note = state["note"]


def is_at_hand(loss: Tensor) -> bool:
    """Return whether a loss can be read without waiting for a device."""
    return loss.is_cpu


@torch.no_grad()
def first_infinite(
    model: nn.Module, features: Tensor, weights: dict[str, Tensor]
) -> str | None:
    """Return the first module, in the order of calls, whose output is not finite.

    Args:
        weights: used instead of the model's own, and not changed.
    """
    found: list[str] = []

    def look(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor) and not output.isfinite().all():
                found.append(name)

        return hook

    leaves = [(n, m) for n, m in model.named_modules() if not any(m.children())]
    handles = [module.register_forward_hook(look(name)) for name, module in leaves]
    states = random_state.states()
    copies = {name: value.clone() for name, value in weights.items()}
    try:
        functional_call(model, copies, (features,))
    finally:
        random_state.restore(states)
        for handle in handles:
            handle.remove()
    return found[0] if found else None
