"""How the layers of a network fare: activations, gradients, updates."""

from typing import Any

import torch
from lightning.pytorch import Trainer
from torch import Tensor

from litmlp.callbacks.snapshots import Snapshot, Snapshots
from litmlp.supervised import Supervised
from litmlp.unit_health import unit_health


class Diagnosis(Snapshots):
    """Logs what tells a healthy network from a sick one, by layer (``…/layer_1``).

    ``activation_mean`` and ``activation_spread`` (standard deviation) over rows and
    units; ``saturated_share`` (sigmoid, tanh) or ``dead_share`` (ReLU);
    ``gradient_norm`` of the weights, and ``gradient_norm/all`` of all parameters;
    ``update_ratio``, the length of an iteration's update over that of the weights;
    ``alike_share`` of the units that have the weights of the layer's first unit. Each
    value stands at the iteration from whose weights it was computed.

    Args:
        every_epochs: how often; always in the first epoch and the last.
    """

    def __init__(self, *, every_epochs: int = 10) -> None:
        super().__init__(every_epochs=every_epochs)
        self.records: list[dict[str, float]] = []

    def look(self, trainer: Trainer, model: Supervised, snapshot: Snapshot) -> None:
        values = layer_values(snapshot) | {"gradient_norm/all": snapshot.gradient_norm}
        numbers = torch.stack([value.double() for value in values.values()]).cpu()
        values = dict(zip(values, numbers, strict=True))
        model.report(values, step=snapshot.step, epoch=snapshot.epoch)
        self.records.append({tag: float(value) for tag, value in values.items()})

    def state_dict(self) -> dict[str, Any]:
        return {"records": self.records}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.records = state["records"]


@torch.no_grad()
def layer_values(snapshot: Snapshot) -> dict[str, Tensor]:
    """All values of a snapshot that are a layer's own, by tag."""
    values: dict[str, Tensor] = {}
    for i, layer in enumerate(snapshot.layers):
        own = weight_values(snapshot, i)
        if layer.name != "output":
            own |= activation_values(snapshot, i)
            own |= {"alike_share": alike_share(snapshot.weights[i])}
        values |= {f"{name}/{layer.name}": value for name, value in own.items()}
    return values


def weight_values(snapshot: Snapshot, index: int) -> dict[str, Tensor]:
    """Length of the gradient of a layer's weights, and of their update."""
    weight, gradient = snapshot.weights[index], snapshot.gradients[index]
    values = {}
    if gradient is not None:
        values["gradient_norm"] = gradient.norm()
    if weight.any():  # a share of nothing is none
        values["update_ratio"] = snapshot.updates[index].norm() / weight.norm()
    return values


def activation_values(snapshot: Snapshot, index: int) -> dict[str, Tensor]:
    """Mean, spread and health of a layer's activations."""
    inputs, outputs = snapshot.activations(index)
    activation = snapshot.layers[index].activation
    health = unit_health(activation, inputs) if activation else {}
    return {
        "activation_mean": outputs.mean(),
        "activation_spread": outputs.std(correction=0),
        **health,
    }


def alike_share(weight: Tensor) -> Tensor:
    """How many units [units, inputs] have the first one's weights, to a part in 1000.

    1 if all of them have: then they stay the same, since they learn the same.
    """
    rows = weight.flatten(1)
    distances = (rows - rows[0]).norm(dim=1)
    share: Tensor = (distances <= 1e-3 * rows[0].norm()).sum() - 1
    return share / max(1, len(rows) - 1)
