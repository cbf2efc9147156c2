"""Every weight in the first iterations: its gradient and its step."""

from collections.abc import Iterator
from itertools import count, pairwise
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from litmlp.callbacks.worked_example import (
    Line,
    Recorder,
    WorkedExample,
    neuron_names,
    number,
)

MOST_ROWS = 4
"""Rows of the largest batch whose table shows ∂net/∂w, the previous neuron's output."""


class WeightTable(WorkedExample):
    """Shows one line per weight or bias: the optimizer's gradient, and its step.

    ``∂net/∂w`` has one number per row of the batch; ``∂E/∂w`` belongs to all rows.
    """

    title = "weights"
    columns = (
        *("weight", "iteration", "value", "∂net/∂w", "∂E/∂w", "update", "new value"),
    )

    def on_train_batch_start(
        self, trainer: Trainer, model: LightningModule, batch: Any, i: int
    ) -> None:
        self._seen: Recorder | None = None
        self._iteration = trainer.global_step + 1
        if self.has_room(sum(p.numel() for p in self.network.parameters())):
            self._seen = Recorder(self.network.linears)
            self._gradients: dict[Tensor, Tensor] = {}
            self._values: dict[Tensor, Tensor] = {
                p: flat(p) for p in self.network.parameters()
            }

    def on_after_backward(self, trainer: Trainer, model: LightningModule) -> None:
        if self._seen is not None and not self._gradients:  # L-BFGS asks several times
            self._gradients = {
                p: flat(p.grad) for p in self.network.parameters() if p.grad is not None
            }

    def on_train_batch_end(
        self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any, i: int
    ) -> None:
        if self._seen is not None:
            self._seen.stop()
            self.iterations.append(list(self._lines(self._seen)))

    def _lines(self, seen: Recorder) -> Iterator[Line]:
        for parameter, names, slopes in self._named(seen):
            before, after = self._values[parameter], flat(parameter)
            for i, name in enumerate(names):
                yield {
                    "weight": name,
                    "iteration": str(self._iteration),
                    "value": number(before[i]),
                    "∂net/∂w": ", ".join(map(number, slopes[i])),
                    "∂E/∂w": number(self._gradients[parameter][i]),
                    "update": number(after[i] - before[i]),
                    "new value": number(after[i]),
                }

    def _named(self, seen: Recorder) -> Iterator[tuple[Tensor, list[str], Tensor]]:
        """Yield parameters, names of their numbers and their ∂net/∂w [numbers, rows].

        Weights and biases come layer by layer, then all other parameters.
        """
        others = dict(self.network.named_parameters())
        layers, w, b = neuron_names(self.network), count(1), count(1)
        linears = self.network.linears
        for linear, (sources, names) in zip(linears, pairwise(layers), strict=True):
            (inputs,) = seen.inputs[linear]
            shown = inputs if len(inputs) <= MOST_ROWS else inputs[:0]
            ways = [f"w{next(w)}  {s} → {name}" for name in names for s in sources]
            yield linear.weight, ways, shown.T.repeat(len(names), 1)
            if linear.bias is not None:
                biases = [f"b{next(b)}  {name}" for name in names]
                yield linear.bias, biases, torch.ones(len(names), len(shown))
            own = set(linear.parameters())
            others = {name: p for name, p in others.items() if p not in own}
        for name, parameter in others.items():
            names = [f"{name} {i + 1}" for i in range(parameter.numel())]
            yield parameter, names, torch.ones(len(names), 0)


def flat(values: Tensor) -> Tensor:
    """Return a flat copy [numbers], which a step in place does not change."""
    return values.detach().flatten().clone()
