"""Activations, gradients and updates of each layer, logged while a network trains."""

from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from litmlp.callbacks.layer_snapshots import Snapshot, Snapshots
from litmlp.engine.diagnosis.network_layers import Layer
from litmlp.engine.diagnosis.training_problems import TrainingHistory, doctors_note
from litmlp.engine.diagnosis.unit_health import unit_health
from litmlp.engine.folder.loggers import TensorBoard
from litmlp.supervised import Supervised

STATE = ("records", "losses", "activations", "note")


class Diagnosis(Snapshots):
    """Logs values that separate a healthy network from a sick one, per layer.

    ``activation_mean`` and ``activation_spread`` (standard deviation) over rows and
    units; ``saturated_share`` (sigmoid, tanh) or ``dead_share`` (ReLU);
    ``gradient_norm`` of the weights, and ``gradient_norm/all`` of all parameters;
    ``update_ratio``, the length of a step's update divided by that of the weights;
    ``alike_share``, the fraction of units with the weights of the layer's first unit.
    Each value is logged at the step from whose weights it was computed.

    When the fit ends, the doctor writes its findings into ``note``.

    Args:
        every_epochs: how often; the first two epochs and the last are always logged.
    """

    def __init__(self, *, every_epochs: int = 10) -> None:
        super().__init__(every_epochs=every_epochs)
        self.records: list[dict[str, float]] = []
        self.losses: dict[str, list[float]] = {"loss/train": [], "loss/val": []}
        self.activations: dict[str, str] = {}
        self.note: list[str] = []

    def look(self, trainer: Trainer, model: Supervised, snapshot: Snapshot) -> None:
        values = {
            f"{name}/{layer.name}": value
            for layer in snapshot.layers
            for name, value in layer_values(layer).items()
        } | {"gradient_norm/all": snapshot.gradient_norm}
        precise = torch.get_default_dtype()
        numbers = torch.stack([value.to(precise) for value in values.values()]).cpu()
        values = dict(zip(values, numbers, strict=True))
        model.report(values, at=snapshot.position)
        outputs, targets = map(torch.cat, zip(*snapshot.seen, strict=True))
        with torch.no_grad():
            values["loss"] = model.compute_loss(outputs, targets)  # without the penalty
        self.records.append({tag: float(value) for tag, value in values.items()})
        self.activations = {
            layer.name: type(layer.activation).__name__
            for layer in snapshot.layers
            if layer.activation
        }

    def on_train_epoch_start(self, trainer: Trainer, model: LightningModule) -> None:
        self._note_losses(trainer)  # losses are complete only now

    def on_train_end(self, trainer: Trainer, model: LightningModule) -> None:
        super().on_train_end(trainer, model)
        self._note_losses(trainer)
        if self.records and self.losses["loss/train"]:
            history = TrainingHistory(
                records=self.records,
                losses=self.losses,
                activations=self.activations,
                lr=float(trainer.optimizers[0].defaults["lr"]),
                steps=trainer.global_step,
            )
            self.note = doctors_note(history)
            text = "\n".join(f"- {finding}" for finding in self.note) or "no findings"
            for logger in trainer.loggers:
                if isinstance(logger, TensorBoard):
                    logger.log_texts({"doctors_note": text})

    def state_dict(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in STATE}
        return super().state_dict() | own

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        for name in STATE:
            setattr(self, name, state[name])

    def _note_losses(self, trainer: Trainer) -> None:
        for tag, values in self.losses.items():
            if tag in trainer.callback_metrics:
                values.append(float(trainer.callback_metrics[tag]))


@torch.no_grad()
def layer_values(layer: Layer) -> dict[str, Tensor]:
    """Return the values of a layer by name, as far as it has them, [] each."""
    values = {}
    precise = layer.weight.dtype  # under mixed precision activations are coarser
    if layer.name != "output":
        outputs = layer.outputs.to(precise)
        values["activation_mean"] = outputs.mean()
        values["activation_spread"] = outputs.std(correction=0)
        values["alike_share"] = alike_share(layer.weight)
        if layer.activation:
            inputs = [batch.to(precise) for batch in layer.inputs]
            values |= unit_health(layer.activation, inputs)
    if layer.gradient is not None:
        values["gradient_norm"] = layer.gradient.norm()
    if layer.weight.any():  # zeros have no ratio
        values["update_ratio"] = layer.update.norm() / layer.weight.norm()
    return values


def alike_share(weight: Tensor) -> Tensor:
    """Return the fraction of units with the weights of the first unit, within 0.1 %.

    With 1, all units of the weights [units, inputs] learn the same and stay the same.
    """
    rows = weight.flatten(1)
    distances = (rows - rows[0]).norm(dim=1)
    share: Tensor = (distances <= 1e-3 * rows[0].norm()).sum() - 1
    return share / max(1, len(rows) - 1)
