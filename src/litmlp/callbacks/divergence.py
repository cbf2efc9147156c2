"""The cause of a loss that is no finite number: reported, and kept for replay."""

import math
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


class Divergence(Callback):
    """Ends a fit with the epoch whose training loss is infinite or NaN.

    The weights of that epoch are lost; earlier best weights stay. On a CPU the first
    such batch and the weights before it are kept in ``diverged.pt``, plain tensors
    under ``features``, ``targets`` and ``state_dict``. On an accelerator each step
    would wait for its loss, so only the losses of a whole epoch are judged there.

    Args:
        folder: the run's folder.
    """

    def __init__(self, *, folder: str) -> None:
        self.folder = Path(folder)
        self.note = ""
        self._batch: Any = None
        self._index = 0
        self._sum: Tensor | float = 0.0

    def on_train_batch_start(
        self, trainer: Trainer, model: LightningModule, batch: Any, i: int
    ) -> None:
        self._batch, self._index = batch, i

    def on_before_backward(
        self, trainer: Trainer, model: LightningModule, loss: Tensor
    ) -> None:
        if not is_at_hand(loss):
            self._sum = self._sum + loss.detach()
        elif not self.note and not math.isfinite(loss.item()):
            self._report(trainer, model, loss.item())

    def _report(self, trainer: Trainer, model: LightningModule, loss: float) -> None:
        (features, targets), weights = self._batch[:2], model.state_dict()
        layer = first_infinite(model, features, weights) or "the loss itself"
        self.note = (
            f"the loss of epoch {trainer.current_epoch + 1}, batch {self._index + 1} "
            f"is {loss}, and {layer} is the first that gives no finite number: {CURE}; "
            f"the batch is in {FILE}"
        )
        content = {"features": features, "targets": targets, "state_dict": weights}
        if trainer.is_global_zero:
            replace(self.folder / FILE, lambda path: torch.save(content, path))
            show(f"diverged     {self.note}")

    def judge(self, trainer: Trainer, loss: float) -> None:
        """Judge by a loss of an epoch, where no batch is seen."""
        if not self.note and not math.isfinite(loss):
            epoch = trainer.current_epoch + 1
            self.note = f"the loss of epoch {epoch} is {loss}: {CURE}"
            show(f"diverged     {self.note}")

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        self.judge(trainer, float(self._sum))
        self._sum = 0.0
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

    The weights are used instead of the model's own, and not changed.
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
