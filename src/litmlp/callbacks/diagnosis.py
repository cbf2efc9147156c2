"""How the layers of a network fare: activations, gradients, updates."""

from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from litmlp.callbacks.snapshots import Snapshot, Snapshots
from litmlp.engine.diagnosis.doctor import doctors_note
from litmlp.engine.diagnosis.layer_trace import Layer
from litmlp.engine.diagnosis.training_history import Case
from litmlp.engine.diagnosis.unit_health import unit_health
from litmlp.engine.folder.loggers import TensorBoard
from litmlp.supervised import Supervised

STATE = ("records", "losses", "activations", "note")


class Diagnosis(Snapshots):
    """Logs what tells a healthy network from a sick one, by layer (``…/layer_1``).

    ``activation_mean`` and ``activation_spread`` (standard deviation) over rows and
    units; ``saturated_share`` (sigmoid, tanh) or ``dead_share`` (ReLU);
    ``gradient_norm`` of the weights, and ``gradient_norm/all`` of all parameters;
    ``update_ratio``, the length of an iteration's update over that of the weights;
    ``alike_share`` of the units that have the weights of the layer's first unit. Each
    value stands at the iteration from whose weights it was computed.

    When the fit ends the doctor looks at all of it; ``note`` is what comes of that.

    Args:
        every_epochs: how often; always at the first two epochs and the last.
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
        record = {tag: float(value) for tag, value in values.items()}
        self.records.append(record | {"loss": batch_loss(model, snapshot)})
        self.activations = {
            layer.name: type(layer.activation).__name__
            for layer in snapshot.layers
            if layer.activation
        }

    def on_train_epoch_start(self, trainer: Trainer, model: LightningModule) -> None:
        self._note_losses(trainer)  # those of the epoch before are complete only now

    def on_train_end(self, trainer: Trainer, model: LightningModule) -> None:
        super().on_train_end(trainer, model)
        self._note_losses(trainer)
        if self.records and self.losses["loss/train"]:
            case = Case(
                records=self.records,
                losses=self.losses,
                activations=self.activations,
                lr=float(trainer.optimizers[0].defaults["lr"]),
                iterations=trainer.global_step,
            )
            self.note = doctors_note(case)
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
def batch_loss(model: Supervised, snapshot: Snapshot) -> float:
    """The loss of a few rows without the penalty."""
    outputs, targets = map(torch.cat, zip(*snapshot.seen, strict=True))
    return float(model.compute_loss(outputs, targets))


@torch.no_grad()
def layer_values(layer: Layer) -> dict[str, Tensor]:
    """What is logged of a layer, as far as it has it, by name."""
    values = {}
    if layer.gradient is not None:
        values["gradient_norm"] = layer.gradient.norm()
    if layer.weight.any():  # a share of nothing is none
        values["update_ratio"] = layer.update.norm() / layer.weight.norm()
    return values if layer.name == "output" else hidden_values(layer) | values


def hidden_values(layer: Layer) -> dict[str, Tensor]:
    """What makes sense of a hidden layer alone."""
    precise = layer.weight.dtype  # under mixed precision activations are coarser
    outputs = layer.outputs.to(precise)
    values = {
        "activation_mean": outputs.mean(),
        "activation_spread": outputs.std(correction=0),
        "alike_share": alike_share(layer.weight),
    }
    if layer.activation:
        inputs = [batch.to(precise) for batch in layer.inputs]
        values |= unit_health(layer.activation, inputs)
    return values


def alike_share(weight: Tensor) -> Tensor:
    """How many units [units, inputs] have the first one's weights, to a part in 1000.

    1 if all of them have: then they stay the same, since they learn the same.
    """
    rows = weight.flatten(1)
    distances = (rows - rows[0]).norm(dim=1)
    share: Tensor = (distances <= 1e-3 * rows[0].norm()).sum() - 1
    return share / max(1, len(rows) - 1)
