"""What a loss that is no finite number came from, told and kept for replay."""

import math
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn

from litmlp.console import show
from litmlp.files import replace

FILE = "diverged.pt"

CURE = "try a smaller optimizer.lr, trainer.gradient_clip_val=1, or batchnorm"


class Divergence(Callback):
    """Ends a fit with the epoch whose training loss is infinite or NaN.

    Its weights are lost; earlier best weights stay. The first such batch and the
    weights that it met are kept in ``diverged.pt``, plain tensors under ``features``,
    ``targets`` and ``state_dict``.

    Args:
        folder: the run's folder.
    """

    def __init__(self, *, folder: str) -> None:
        self.folder = Path(folder)
        self.note = ""
        self._batch: Any = None
        self._index = 0

    def on_train_batch_start(
        self, trainer: Trainer, model: LightningModule, batch: Any, i: int
    ) -> None:
        self._batch, self._index = batch, i

    def on_before_backward(
        self, trainer: Trainer, model: LightningModule, loss: Tensor
    ) -> None:
        value = float(loss.detach())
        if self.note or math.isfinite(value):
            return
        features, targets = self._batch
        layer = first_infinite(model, features) or "the loss itself"
        epoch, batch = trainer.current_epoch + 1, self._index + 1
        self.note = (
            f"the loss of epoch {epoch}, batch {batch} is {value}, and {layer} "
            f"is the first that gives no finite number: {CURE}; the batch is in {FILE}"
        )
        content = {
            "features": features,
            "targets": targets,
            "state_dict": model.state_dict(),
        }
        if trainer.is_global_zero:
            replace(self.folder / FILE, lambda path: torch.save(content, path))
            show(f"diverged     {self.note}")

    def judge(self, trainer: Trainer, loss: float) -> None:
        """Tell by an epoch's training loss, where nobody sees its batches."""
        if not self.note and not math.isfinite(loss):
            epoch = trainer.current_epoch + 1
            self.note = f"the loss of epoch {epoch} is {loss}: {CURE}"
            show(f"diverged     {self.note}")

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        if self.note:
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        return {"note": self.note}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.note = state["note"]


@torch.no_grad()
def first_infinite(model: nn.Module, features: Tensor) -> str | None:
    """The first module, by order of calling, whose output is not finite throughout."""
    found: list[str] = []

    def look(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor) and not output.isfinite().all():
                found.append(name)

        return hook

    leaves = [(n, m) for n, m in model.named_modules() if not any(m.children())]
    handles = [module.register_forward_hook(look(name)) for name, module in leaves]
    states = torch.get_rng_state()
    try:
        model(features)
    finally:
        torch.set_rng_state(states)
        for handle in handles:
            handle.remove()
    return found[0] if found else None
