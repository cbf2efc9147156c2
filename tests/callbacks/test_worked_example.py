"""Tables of neurons and weights, against the same network written in plain torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from conftest import Run
from explained import EXACT, Explained, Lines, run_explained
from torch import Tensor, nn

from litmlp.callbacks.neuron_table import NeuronTable, on_the_way
from litmlp.classifier import Classifier
from litmlp.errors import UserError

EXAMPLE = (
    *("data=rows", "data.inputs=[[0.05,0.10]]", "data.targets=[[0.01,0.99]]"),
    *("preprocessing=none", "model.hidden_sizes=[2]", "activation=sigmoid"),
    "activation@task.output_activation=sigmoid",
    *("initializer=given", "initializer.values=[[0.15,0.20],[0.25,0.30]]"),
    *("initializer@bias_initializer=given", "bias_initializer.values=[0.35,0.35]"),
    "initializer@output_initializer=given",
    "output_initializer.values=[[0.40,0.45],[0.50,0.55]]",
    "+initializer@output_bias_initializer=given",
    "output_bias_initializer.values=[0.60,0.60]",
    *("loss=half_squared_error", "optimizer=sgd", "optimizer.lr=0.5", "trainer=cpu"),
    *("trainer.precision=64-true", "trainer.max_epochs=1", "callbacks=worked_example"),
)
"""A 2-2-2 network with given weights."""

Function = Callable[[Tensor], Tensor]
Columns = dict[str, list[Tensor]]
"""Numbers of an iteration by column of the tables, one tensor per layer."""


@dataclass
class Plain:
    """A network without modules: lists of weights, and what they are trained with."""

    overrides: str
    weights: Sequence[Any]
    biases: Sequence[Any]
    activation: Function
    loss: Callable[[Tensor, Tensor], Tensor]
    optimizer: Callable[[list[Tensor]], torch.optim.Optimizer]
    inputs: list[list[float]]
    targets: Any
    count: int

    def iterations(self) -> list[Columns]:
        w, b = (
            [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in values]
            for values in (self.weights, self.biases)
        )
        optimizer = self.optimizer([*w, *b])
        return [self._iteration(w, b, optimizer) for _ in range(self.count)]

    def _iteration(
        self, w: list[Tensor], b: list[Tensor], optimizer: torch.optim.Optimizer
    ) -> Columns:
        functions = [self.activation] * (len(w) - 1) + [as_it_is]
        nets, outs = [], [torch.tensor(self.inputs, dtype=torch.float64)]
        for weight, bias, function in zip(w, b, functions, strict=True):
            nets.append(outs[-1] @ weight.T + bias)
            outs.append(function(nets[-1]))
        for value in (*nets, *outs[1:]):
            value.retain_grad()
        optimizer.zero_grad()
        loss = self.loss(outs[-1], torch.tensor(self.targets))
        loss.backward()
        columns = {
            "E": [loss],
            "net": nets,
            "out": outs[1:],
            "∂E/∂net": [net.grad for net in nets],
            "∂E/∂out": [out.grad for out in outs[1:]],
            "∂out/∂net": [slope(*pair) for pair in zip(functions, nets, strict=True)],
            "∂net/∂w": outs[:-1],
            "value": [weight.clone() for weight in w],
            "∂E/∂w": [weight.grad for weight in w],
        }
        optimizer.step()
        return columns | {"new value": [weight.clone() for weight in w]}


def slope(function: Function, at: Tensor) -> Tensor:
    """A derivative by the difference of two values."""
    return (function(at + 1e-5) - function(at - 1e-5)) / 2e-5


def as_it_is(net: Tensor) -> Tensor:
    return net * 1


W1, B1 = [[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35]
W2, B2 = [[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60]
VARIANT = Plain(  # two rows, two hidden layers, classes, three iterations of Adam
    "data.inputs=[[0.05,0.1],[-0.3,0.8]] data.targets=[1,0] data.class_names=[cat,dog] "
    "task=multiclass activation@task.output_activation=softmax loss=cross_entropy "
    "model.hidden_sizes=[2,2] activation=silu optimizer=adam trainer.max_epochs=3",
    weights=[W1, W1, W2],
    biases=[B1, B1, B2],
    activation=F.silu,
    loss=F.cross_entropy,
    optimizer=partial(torch.optim.Adam, lr=0.5),
    inputs=[[0.05, 0.1], [-0.3, 0.8]],
    targets=[1, 0],
    count=3,
)


def run_example(run: Run, *overrides: str) -> Explained:
    """Train EXAMPLE with other overrides in place of its own."""
    by_key = {each.partition("=")[0]: each for each in (*EXAMPLE, *overrides)}
    return run_explained(run, *by_key.values())


def test_the_numbers_of_anyones_example_are_right(run: Run) -> None:
    done = run_example(run, *VARIANT.overrides.split())
    neurons, weights = done.lines("neurons"), done.lines("weights")
    iterations = VARIANT.iterations()
    for number, columns in enumerate(iterations, start=1):
        # The loss takes net; out is the probability.
        columns["out"][-1] = columns["out"][-1].softmax(dim=1)
        del columns["∂E/∂out"][-1], columns["∂out/∂net"][-1]
        check_neurons(neurons, str(number), columns)
        check_weights(weights, str(number), columns)
    assert {key[1] for key in (*neurons, *weights)} == set("123")
    losses = [columns["E"][0].item() for columns in iterations]
    assert done.logged("loss/train") == pytest.approx(losses, abs=EXACT)


def check_neurons(lines: Lines, iteration: str, columns: Columns) -> None:
    hidden = len(columns["net"]) - 1
    prefixes = [f"h{layer + 1}." for layer in range(hidden)]
    checked = 0
    for column in ("net", "out", "∂E/∂net", "∂E/∂out", "∂out/∂net"):
        for prefix, values in zip([*prefixes, "o"], columns[column], strict=False):
            for (row, neuron), value in np.ndenumerate(values.detach().numpy()):
                cell = lines[f"{prefix}{neuron + 1}", iteration, str(row + 1)][column]
                assert float(cell) == pytest.approx(value, abs=EXACT), (prefix, column)
                checked += 1
    layers = [line for key, line in lines.items() if key[1] == iteration]
    cells = [line[c] for line in layers for c in columns if c in line and line["net"]]
    assert checked == len(list(filter(None, cells))), "and no number is left unchecked"
    error = lines["E", iteration, ""]["error"]
    assert float(error) == pytest.approx(columns["E"][0].item(), abs=EXACT)


def check_weights(lines: Lines, iteration: str, columns: Columns) -> None:
    own = {key: line for key, line in lines.items() if key[1] == iteration}
    named = [line for key, line in own.items() if key[0].startswith("w")]
    for column in ("value", "∂E/∂w", "new value"):
        expected = torch.cat([values.flatten() for values in columns[column]])
        cells = [float(line[column]) for line in named]
        assert cells == pytest.approx(expected.tolist(), abs=EXACT), column
    for line in named:
        step = float(line["new value"]) - float(line["value"])
        assert float(line["update"]) == pytest.approx(step, abs=EXACT)
    sources = [
        column.tolist()
        for inputs, w in zip(columns["∂net/∂w"], columns["value"], strict=True)
        for _ in w
        for column in inputs.T
    ]
    for line, source in zip(named, sources, strict=True):
        numbers = [float(number) for number in line["∂net/∂w"].split(",")]
        assert numbers == pytest.approx(source, abs=EXACT)


def test_where_neurons_share_an_activation_each_follows_its_own_net() -> None:
    net = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    out = net.softmax(dim=1)
    values = on_the_way(net, out, out[:, 0].log().sum())
    torch.testing.assert_close(values["∂out/∂net"], out * (1 - out))
    torch.testing.assert_close(values["∂E/∂net"], torch.eye(3)[0] - out)
    torch.testing.assert_close(values["∂E/∂out"], torch.eye(3)[0] / out)


def test_looking_on_changes_nothing(run: Run) -> None:
    choices = (
        *("dropout=dropout", "batchnorm=before_activation", "trainer.max_epochs=3"),
        *("data.inputs=[[1,2],[0,1],[3,1]]", "data.targets=[[1,0],[0,1],[0,0]]"),
        *("optimizer=adam", "penalty=l2", "activation=prelu"),
    )
    watched = run_example(run, *choices)
    alone = run_example(run, *choices, "callbacks=minimal")
    assert watched.lines("neurons")["E with penalty", "2", ""]
    assert ("hidden.0.activation.weight 1", "1") in watched.lines("weights")
    for name, weight in alone.weights().items():
        assert torch.equal(watched.weights()[name], weight)


def test_lbfgs_which_goes_backward_often_is_explained_once(run: Run) -> None:
    done = run_example(run, "optimizer=lbfgs")
    lines = done.lines("weights")
    assert float(lines["w5  h1 → o1", "1"]["∂E/∂w"]) == pytest.approx(0.082167041)
    after = done.weights()["output.weight"].flatten()[0].item()
    assert float(lines["w5  h1 → o1", "1"]["new value"]) == pytest.approx(after)


def test_a_table_ends_where_another_iteration_would_not_fit(run: Run) -> None:
    # A step has twelve weights, and six neurons with E of the row and of all.
    limits = (f"callbacks.{name}_table.max_lines=5" for name in ("neuron", "weight"))
    few = run_example(run, *limits, "trainer.max_epochs=5")
    assert "neurons: an iteration fills 8 lines, more than the table's" in few.ended.out
    assert "weights: an iteration fills 12 lines, more" in few.ended.out
    more = "callbacks.weight_table.max_lines=36"
    done = run_example(run, "trainer.max_epochs=5", more, "hydra.run.dir=more")
    assert len(done.lines("weights")) == 36
    assert "weights, iterations explained: 3 of 5" in done.ended.out


def test_another_network_is_refused_before_training() -> None:
    model = Classifier(
        network=nn.Linear(2, 3),
        num_outputs=3,
        class_names=["a", "b", "c"],
        loss=nn.CrossEntropyLoss(),
        output_activation=nn.Identity,
        metrics={},
    )
    with pytest.raises(UserError, match=r"for litmlp.mlp.MLP, not Linear: choose"):
        NeuronTable().setup(None, model, "fit")  # type: ignore[arg-type]  # no Trainer
