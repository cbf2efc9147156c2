"""Snapshots of a network, once per epoch, from values that training computes anyway."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Timer
from lightning_utilities.core.apply_func import apply_to_collection
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from litmlp.engine.diagnosis.network_layers import Layer, ModuleCall, layers_of, leaves
from litmlp.errors import UserError
from litmlp.supervised import Supervised
from litmlp.training_state import Batch, Position

ENOUGH_ROWS = 256
"""Rows whose activations are kept; a unit that no row excites counts as dead."""

FEW_ROWS = 32
"""Rows whose outputs are kept, to estimate the loss."""

REFERENCES = ("parameter", "activation")
"""Fields of a layer that are parts of the network."""


@dataclass
class Snapshot:
    """The first step of an epoch, layer by layer."""

    position: Position  # before the step
    layers: list[Layer] = field(default_factory=list)  # in the order of their calls
    seen: list[Batch] = field(default_factory=list)  # outputs and targets of some rows
    gradient_norm: Tensor = field(default_factory=lambda: torch.tensor(math.nan))
    num_rows: int = 0  # of the epoch so far
    stage: Literal["before", "during", "after"] = "before"  # the optimizer's step


class Snapshots(Callback):
    """Calls ``look`` with a snapshot of every few epochs, and of the last epoch.

    A snapshot needs references and small copies, but no forward pass and no random
    number: a run has the same bits with it and without.

    Args:
        every_epochs: how often to look; always at the first two epochs and the last.

    Raises:
        UserError: every_epochs is below 1.
    """

    def __init__(self, *, every_epochs: int) -> None:
        if every_epochs < 1:
            raise UserError(f"every_epochs={every_epochs}: must be 1 or more")
        self.every_epochs = every_epochs
        self._snapshot: Snapshot | None = None
        self._calls: list[ModuleCall] = []
        self._hooks: list[RemovableHandle] = []
        self._stored: dict[str, Any] = {}

    def look(self, trainer: Trainer, model: Supervised, snapshot: Snapshot) -> None:
        """Use a snapshot."""
        raise NotImplementedError

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        self._network = cast(Supervised, model).shown_network
        self._leaves = leaves(self._network)
        if self._stored:
            self._snapshot = restored(self._stored, self._network, model.device)
            self._stored = {}

    def on_train_batch_start(
        self, trainer: Trainer, model: LightningModule, batch: Any, i: int
    ) -> None:
        if i == 0:
            epoch = trainer.current_epoch
            before = cast(Supervised, model).position(epochs=epoch)
            due = self._is_due(epoch) or may_be_last(trainer)
            self._snapshot = Snapshot(before) if due else None
        if self._snapshot and self._snapshot.num_rows < ENOUGH_ROWS:
            self._hooks = [
                m.register_forward_hook(self._note_call) for m in self._leaves
            ]

    def on_before_backward(
        self, trainer: Trainer, model: LightningModule, loss: Tensor
    ) -> None:
        if self._hooks and self._snapshot:
            self._unhook()  # L-BFGS will come by again
            add_pass(self._snapshot, layers_of(self._calls))
            self._calls = []

    def on_before_optimizer_step(
        self, trainer: Trainer, model: LightningModule, optimizer: Optimizer
    ) -> None:
        snapshot = self._snapshot
        if snapshot and snapshot.stage == "before":
            snapshot.stage = "during"
            gradients = [p.grad for p in model.parameters() if p.grad is not None]
            snapshot.gradient_norm = get_total_norm(gradients)
            for layer in snapshot.layers:
                gradient = layer.parameter.grad
                layer.weight = layer.parameter.detach().clone()
                layer.gradient = None if gradient is None else gradient.clone()

    def on_train_batch_end(
        self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any, i: int
    ) -> None:
        snapshot = self._snapshot
        if not snapshot:
            return
        if snapshot.num_rows < FEW_ROWS:
            snapshot.seen.append((outputs["outputs"], batch[1]))
        snapshot.num_rows += len(batch[1])
        if snapshot.stage == "during":
            snapshot.stage = "after"
            for layer in snapshot.layers:
                layer.update = layer.parameter.detach() - layer.weight

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        if self._is_due(trainer.current_epoch):
            self._look(trainer, model)

    def on_train_end(self, trainer: Trainer, model: LightningModule) -> None:
        self._look(trainer, model)

    def on_exception(
        self, trainer: Trainer, model: LightningModule, exception: BaseException
    ) -> None:
        self._unhook()

    def state_dict(self) -> dict[str, Any]:
        snapshot = self._snapshot
        return {"snapshot": stored(snapshot, self._network) if snapshot else {}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._stored = state["snapshot"]

    def _is_due(self, epoch: int) -> bool:
        return epoch == 1 or epoch % self.every_epochs == 0

    def _look(self, trainer: Trainer, model: LightningModule) -> None:
        snapshot, self._snapshot = self._snapshot, None
        if snapshot and snapshot.stage == "after":
            self.look(trainer, cast(Supervised, model), snapshot)

    @property
    def is_watching(self) -> bool:
        """Whether the modules that are called now are noted."""
        return bool(self._hooks)

    def _note_call(
        self, module: nn.Module, inputs: tuple[Any, ...], outputs: Any
    ) -> None:
        """Note the inputs and outputs of a module, as a forward hook."""
        if module not in self._leaves:
            return
        tensors = all(isinstance(value, Tensor) for value in (*inputs[:1], outputs))
        if inputs and tensors and outputs.ndim > 1:
            call = ModuleCall(module, inputs[0].detach(), outputs.detach())
            self._calls.append(call)

    def _unhook(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []


def may_be_last(trainer: Trainer) -> bool:
    """Return whether the fit can end with the epoch that begins."""
    steps = trainer.max_steps - trainer.global_step  # negative without such a limit
    callbacks = trainer.callbacks  # type: ignore[attr-defined]  # set by Lightning, not declared
    return (
        trainer.current_epoch + 1 == trainer.max_epochs
        or 0 <= steps <= trainer.num_training_batches
        or any(s.wait_count + 1 >= s.patience for s in trainer.early_stopping_callbacks)
        or any(isinstance(callback, Timer) for callback in callbacks)
    )


def add_pass(snapshot: Snapshot, layers: list[Layer]) -> None:
    """Add a forward pass to a snapshot: of a later pass, only its rows."""
    if not snapshot.layers:
        snapshot.layers = layers
    elif len(layers) == len(snapshot.layers):
        for layer, again in zip(snapshot.layers, layers, strict=True):
            layer.inputs += again.inputs


def stored(snapshot: Snapshot, network: nn.Module) -> dict[str, Any]:
    """Return a snapshot in plain types, with names instead of the network's parts."""
    names: dict[Any, str] = {part: name for name, part in parts_of(network).items()}
    layers = [
        vars(layer) | {name: names.get(getattr(layer, name)) for name in REFERENCES}
        for layer in snapshot.layers
    ]
    return vars(snapshot) | {"layers": layers, "position": list(snapshot.position)}


def restored(
    state: dict[str, Any], network: nn.Module, device: torch.device
) -> Snapshot:
    """Return the snapshot that :func:`stored` has made plain."""
    state = apply_to_collection(state, Tensor, Tensor.to, device)
    parts = parts_of(network)
    layers = [
        Layer(**(layer | {name: parts.get(layer[name]) for name in REFERENCES}))
        for layer in state["layers"]
    ]
    position = Position(*state["position"])
    return Snapshot(**(state | {"layers": layers, "position": position}))


def parts_of(network: nn.Module) -> dict[str, Any]:
    """Return modules and parameters by their names."""
    return dict(network.named_modules()) | dict(network.named_parameters())
