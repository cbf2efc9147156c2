"""A look into the network once an epoch, at what training computes anyway."""

import math
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from litmlp.errors import UserError
from litmlp.layers import Call, Layer, layers_of, leaves
from litmlp.supervised import Supervised

ENOUGH_ROWS = 256
"""Rows whose activations are kept: a unit that none of them excites counts as dead."""


@dataclass
class Snapshot:
    """The first iteration of an epoch, and the activations of the epoch's first rows.

    Args:
        step, epoch: iterations and epochs done before.
        rows: how many the activations are of.
        passes: the layers in each forward pass of these rows.
        weights: of each layer, before the iteration.
        gradients: of these, before clipping; None for weights that are not trained.
        gradient_norm: of all parameters together.
        updates: of the weights, what the iteration added to them.
        taken: whether the optimizer's step has come.
    """

    step: int
    epoch: int
    rows: int = 0
    passes: list[list[Layer]] = field(default_factory=list)
    weights: list[Tensor] = field(default_factory=list)
    gradients: list[Tensor | None] = field(default_factory=list)
    gradient_norm: Tensor = field(default_factory=lambda: torch.tensor(math.nan))
    updates: list[Tensor] = field(default_factory=list)
    taken: bool = False

    @property
    def layers(self) -> list[Layer]:
        """In the order in which they are called; the last is the output layer."""
        return self.passes[0] if self.passes else []

    def activations(self, index: int) -> tuple[Tensor, Tensor]:
        """What entered and what left the activation of a layer, [rows, units] each."""
        layers = [layers[index] for layers in self.passes]
        dtype = layers[0].weight.dtype  # under mixed precision theirs is coarser
        inputs = torch.cat([layer.inputs for layer in layers])
        outputs = torch.cat([layer.outputs for layer in layers])
        return inputs.to(dtype), outputs.to(dtype)


class Snapshots(Callback):
    """Shows ``look`` a snapshot every few epochs, and the last one when the fit ends.

    One is taken in each epoch, since no one knows which will be the last. It costs
    references and small copies, no forward pass and no random number: a run gives the
    same bits with it and without.

    Args:
        every_epochs: how often to look; always in the first epoch and the last.

    Raises:
        UserError: every_epochs is below 1.
    """

    def __init__(self, *, every_epochs: int) -> None:
        if every_epochs < 1:
            raise UserError(f"every_epochs={every_epochs}: must be 1 or more")
        self.every_epochs = every_epochs
        self._snapshot: Snapshot | None = None
        self._seen = True
        self._calls: list[Call] = []
        self._hooks: list[RemovableHandle] = []

    def look(self, trainer: Trainer, model: Supervised, snapshot: Snapshot) -> None:
        """What to do with a snapshot."""
        raise NotImplementedError

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        self._leaves = leaves(cast(Supervised, model).network)

    def on_train_batch_start(
        self, trainer: Trainer, model: LightningModule, batch: Any, i: int
    ) -> None:
        if i == 0:
            step, epoch = trainer.global_step, trainer.current_epoch
            self._snapshot = Snapshot(step, epoch)
            self._seen = False
        if self._snapshot and self._snapshot.rows < ENOUGH_ROWS:
            self._snapshot.rows += len(batch[1])
            self._hooks = [m.register_forward_hook(self._note) for m in self._leaves]

    def on_before_backward(
        self, trainer: Trainer, model: LightningModule, loss: Tensor
    ) -> None:
        if self._hooks and self._snapshot:
            self._unhook()  # L-BFGS will come by again
            layers, self._calls = layers_of(self._calls), []
            if len(layers) == len(self._snapshot.layers or layers):
                self._snapshot.passes.append(layers)

    def on_before_optimizer_step(
        self, trainer: Trainer, model: LightningModule, optimizer: Optimizer
    ) -> None:
        snapshot = self._snapshot
        if snapshot and not snapshot.taken:
            snapshot.taken = True
            gradients = [p.grad for p in model.parameters() if p.grad is not None]
            snapshot.gradient_norm = get_total_norm(gradients)
            for layer in snapshot.layers:
                snapshot.weights.append(copied(layer.weight))
                gradient = layer.weight.grad
                snapshot.gradients.append(
                    None if gradient is None else copied(gradient)
                )

    def on_train_batch_end(
        self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any, i: int
    ) -> None:
        snapshot = self._snapshot
        if snapshot and len(snapshot.updates) < len(snapshot.weights):
            pairs = zip(snapshot.layers, snapshot.weights, strict=True)
            snapshot.updates = [layer.weight.detach() - old for layer, old in pairs]

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        if self._snapshot and self._snapshot.epoch % self.every_epochs == 0:
            self._look(trainer, model)

    def on_train_end(self, trainer: Trainer, model: LightningModule) -> None:
        self._look(trainer, model)

    def on_exception(
        self, trainer: Trainer, model: LightningModule, exception: BaseException
    ) -> None:
        self._unhook()

    def _look(self, trainer: Trainer, model: LightningModule) -> None:
        if self._snapshot and self._snapshot.taken and not self._seen:
            self._seen = True
            self.look(trainer, cast(Supervised, model), self._snapshot)

    def _note(self, module: nn.Module, inputs: tuple[Any, ...], outputs: Any) -> None:
        tensors = all(isinstance(value, Tensor) for value in (*inputs[:1], outputs))
        if inputs and tensors and outputs.ndim > 1:
            self._calls.append(Call(module, inputs[0].detach(), outputs.detach()))

    def _unhook(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []


def copied(tensor: Tensor) -> Tensor:
    """What the tensor holds now."""
    return tensor.detach().clone()
