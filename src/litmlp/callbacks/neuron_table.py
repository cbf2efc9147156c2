"""Every neuron in the first iterations: forward, error and backward."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import torch
import torch.nn.functional as F
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor, nn

from litmlp.callbacks.worked_example import (
    Line,
    Recorder,
    WorkedExample,
    neuron_names,
    number,
)
from litmlp.penalties import NoPenalty

Values = dict[str, Tensor]
"""Numbers of a layer's neurons [rows, neurons], by column of the table."""


class NeuronTable(WorkedExample):
    """Shows one line per neuron and row, from the run's own backward pass.

    ``net`` is the weighted sum, ``out`` the layer's output, ``∂out/∂net`` the slope of
    a neuron's out in its own net, E the loss where the backward pass starts. A loss
    for classes takes the output layer's ``net``: its ``out``, the probability, is then
    not on the path of the gradient.
    """

    title = "neurons"
    columns = (
        *("neuron", "iteration", "row", "net", "out", "target", "error"),
        *("∂E/∂out", "∂out/∂net", "∂E/∂net"),
    )

    def on_train_batch_start(
        self, trainer: Trainer, model: LightningModule, batch: Any, i: int
    ) -> None:
        self._seen: Recorder | None = None
        self._targets: Tensor = batch[1]
        neurons = sum(map(len, neuron_names(self.network)))
        if self.has_room(len(self._targets) * (neurons + 1) + 1):
            parts = [*self.network.hidden, *self.network.linears]
            ends = [self.model.output_activation, self.model.loss]
            parts += [end for end in ends if isinstance(end, nn.Module)]
            self._seen = Recorder(parts)

    def on_before_backward(
        self, trainer: Trainer, model: LightningModule, loss: Tensor
    ) -> None:
        if self._seen is None:
            return
        seen, self._seen = self._seen, None  # L-BFGS goes backward several times
        seen.stop()
        layers = [*self._hidden(seen, loss), self._output(seen, loss)]
        errors = self._errors(seen.outputs[self.network.output], loss)
        iteration = {"iteration": str(trainer.global_step + 1)}
        lines = [line | iteration for line in (*self._neurons(layers), *errors)]
        self.iterations.append(lines)

    def _hidden(self, seen: Recorder, loss: Tensor) -> Iterator[Values]:
        yield {"out": seen.inputs[self.network.linears[0]][0]}
        hidden, linears = self.network.hidden, self.network.linears[:-1]
        for block, linear in zip(hidden, linears, strict=True):
            yield on_the_way(seen.outputs[linear], seen.outputs[block], loss)

    def _output(self, seen: Recorder, loss: Tensor) -> Values:
        net = seen.outputs[self.network.output]
        activation = self.model.output_activation
        if activation in seen.outputs:
            values = on_the_way(net, seen.outputs[activation], loss)
        else:
            (by_net,) = torch.autograd.grad(loss, net, retain_graph=True)
            values = {"net": net, "out": activation(net), "∂E/∂net": by_net}
        function = self.model.loss
        if self.model.takes != "values" or not isinstance(function, nn.Module):
            return values | {"target": one_per_output(self._targets, net.shape[1])}
        outputs, targets = seen.inputs[function]
        pairs = zip(outputs.flatten(), targets.flatten(), strict=True)
        errors = [function(o.view(1, 1), t.view(1, 1)) for o, t in pairs]
        return values | {"target": targets, "error": torch.stack(errors).view_as(net)}

    def _neurons(self, layers: list[Values]) -> Iterator[Line]:
        names = neuron_names(self.network)
        for row in range(len(self._targets)):
            for layer, values in zip(names, layers, strict=True):
                for i, name in enumerate(layer):
                    cells = {column: number(v[row, i]) for column, v in values.items()}
                    yield {"neuron": name, "row": str(row + 1)} | cells

    def _errors(self, net: Tensor, loss: Tensor) -> Iterator[Line]:
        """Yield the loss of each row alone, if there are several, and of the batch."""
        rows = range(len(net)) if len(net) > 1 else []
        for row in rows:
            alone = slice(row, row + 1)
            error = self.model.compute_loss(net[alone], self._targets[alone])
            yield {"neuron": "E", "row": str(row + 1), "error": number(error)}
        penalty = "" if isinstance(self.model.penalty, NoPenalty) else " with penalty"
        yield {"neuron": f"E{penalty}", "error": number(loss)}


def on_the_way(net: Tensor, out: Tensor, loss: Tensor) -> Values:
    """Return a layer's forward values and gradients, [rows, neurons] each."""
    by_net, by_out = torch.autograd.grad(loss, [net, out], retain_graph=True)
    slopes = torch.zeros_like(net)
    for at in product(*map(range, net.shape)):
        (gradient,) = torch.autograd.grad(out[at], net, retain_graph=True)
        slopes[at] = gradient[at]
    values = {"net": net, "out": out, "∂E/∂out": by_out}
    return values | {"∂out/∂net": slopes, "∂E/∂net": by_net}


def one_per_output(targets: Tensor, num_outputs: int) -> Tensor:
    """Return targets [B] or [B, num_outputs] as one number per output."""
    if targets.ndim == 2:
        return targets
    return targets[:, None] if num_outputs == 1 else F.one_hot(targets, num_outputs)
