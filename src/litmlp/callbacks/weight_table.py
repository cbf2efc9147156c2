"""Every weight in the first iterations: its gradient and its step."""

from collections.abc import Iterator
from itertools import count, pairwise
from typing import Any, NamedTuple

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


class NamedParameter(NamedTuple):
    """A parameter, the names of its numbers, and their ∂net/∂w [numbers, rows]."""

    parameter: Tensor
    names: list[str]
    slopes: Tensor


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
            named = self._named(self._seen)
            self.iterations.append(
                [line for part in named for line in self._lines(part)]
            )

    def _lines(self, named: NamedParameter) -> Iterator[Line]:
        before, after = self._values[named.parameter], flat(named.parameter)
        gradients = self._gradients[named.parameter]
        for i, name in enumerate(named.names):
            yield {
                "weight": name,
                "iteration": str(self._iteration),
                "value": number(before[i]),
                "∂net/∂w": ", ".join(map(number, named.slopes[i])),
                "∂E/∂w": number(gradients[i]),
                "update": number(after[i] - before[i]),
                "new value": number(after[i]),
            }

    def _named(self, seen: Recorder) -> Iterator[NamedParameter]:
        """Yield weights and biases layer by layer, then all other parameters."""
        layers, w, b = neuron_names(self.network), count(1), count(1)
        linears = self.network.linears
        for linear, (sources, names) in zip(linears, pairwise(layers), strict=True):
            (inputs,) = seen.inputs[linear]
            shown = inputs if len(inputs) <= MOST_ROWS else inputs[:0]
            ways = [f"w{next(w)}  {s} → {name}" for name in names for s in sources]
            yield NamedParameter(linear.weight, ways, shown.T.repeat(len(names), 1))
            if linear.bias is not None:
                biases = [f"b{next(b)}  {name}" for name in names]
                yield NamedParameter(
                    linear.bias, biases, torch.ones(len(names), len(shown))
                )
        linear_ones = {p for linear in linears for p in linear.parameters()}
        for name, parameter in self.network.named_parameters():
            if parameter not in linear_ones:
                names = [f"{name} {i + 1}" for i in range(parameter.numel())]
                yield NamedParameter(parameter, names, torch.ones(len(names), 0))


def flat(values: Tensor) -> Tensor:
    """Return a flat copy [numbers], which a step in place does not change."""
    return values.detach().flatten().clone()
