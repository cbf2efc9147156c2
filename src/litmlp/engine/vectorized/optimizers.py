"""Torch's optimizers for runs with hyperparameters of their own.

Each function changes weights [K, P] and state in place by gradients [K, P]; formulas
and names of the state are those of ``torch.optim``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.optim import Optimizer

from litmlp.engine.vectorized.stack import Tensors, pad
from litmlp.optimizers import FACTORS


@dataclass(frozen=True)
class Values:
    """Holds the hyperparameters of all runs' optimizers.

    Args:
        columns: numbers that may differ, [K, 1] in double precision each. A pair such
            as ``betas`` has two columns, ``betas0`` and ``betas1``.
            Those that differ by kind of parameter are [K, parameters].
        same: by name, a value that is no number and the same for all runs; for a
            number, whether it is not zero for some run.
    """

    columns: Tensors
    same: dict[str, Any]
    sizes: Tensor

    def __getitem__(self, name: str) -> Tensor:
        return self.columns[name]

    def wide(self, column: Tensor, weights: Tensor) -> Tensor:
        """Return a column in the type of weights, as [K, P] if it has several."""
        column = column.to(weights)
        if column.shape[1] == 1:
            return column
        return column.repeat_interleave(self.sizes, dim=1, output_size=weights.shape[1])

    def use(self, name: str) -> bool:
        """Return whether a number is not zero for some run, or a switch is true."""
        return bool(self.same.get(name))


def places_of(optimizer: Optimizer, parameters: Iterable[nn.Parameter]) -> list[int]:
    """Return the index of each parameter's group; nothing if there is one group."""
    groups = optimizer.param_groups
    if len(groups) == 1:
        return []
    found = {p: i for i, group in enumerate(groups) for p in group["params"]}
    return [found[parameter] for parameter in parameters]


def values_of(
    optimizers: Sequence[Optimizer],
    device: torch.device,
    places: Sequence[Sequence[int]] = (),
    sizes: Sequence[int] = (),
) -> Values:
    """Return the current hyperparameters of the runs' optimizers.

    Args:
        optimizers: one per run.
        device: of the columns.
        places: of each run, see :func:`places_of`.
        sizes: of each parameter.
    """
    groups = [optimizer.param_groups[0] for optimizer in optimizers]
    columns: dict[str, list[float]] = {}
    same: dict[str, Any] = {}
    # Only an optimizer's own names: some schedulers keep notes in its groups.
    for name in optimizers[0].defaults:
        value = groups[0][name]
        if isinstance(value, tuple | list):
            for i in range(len(value)):
                columns[f"{name}{i}"] = [float(group[name][i]) for group in groups]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            columns[name] = [float(group[name]) for group in groups]
            same[name] = any(columns[name])
        else:
            same[name] = value
    tensors = {
        name: torch.tensor(column, dtype=torch.float64, device=device)[:, None]
        for name, column in columns.items()
    }
    for name in columns.keys() & set(FACTORS) if any(places) else ():
        rows = [
            [float(optimizer.param_groups[i][name]) for i in own or [0] * len(sizes)]
            for optimizer, own in zip(optimizers, places, strict=True)
        ]
        same[name] = any(map(any, rows))
        tensors[name] = torch.tensor(rows, dtype=torch.float64, device=device)
    return Values(tensors, same, torch.tensor(sizes, device=device))


Update = Callable[[Tensor, Tensor, Tensors, Values], None]

SWITCHES = {
    "momentum_buffer": "momentum",
    "max_exp_avg_sq": "amsgrad",
    "grad_avg": "centered",
}
"""State that exists only with a certain hyperparameter."""


@dataclass(frozen=True)
class Rule:
    """Says how an optimizer updates weights, and names its state.

    Args:
        update: does one step.
        memory: names of state per weight.
        counter: name of the number of steps; a ``_`` marks a name that torch lacks.
    """

    update: Update
    memory: tuple[str, ...]
    counter: str = "step"

    def step(
        self, weights: Tensor, grads: Tensor, state: Tensors, values: Values
    ) -> None:
        """Update weights [K, P] in place by gradients [K, P]."""
        state[self.counter] += 1
        if values.use("maximize"):
            grads = -grads
        if values.use("weight_decay"):
            grads = decayed(weights, grads, values)
        self.update(weights, grads, state, values)

    def state(self, weights: Tensor, values: Values) -> Tensors:
        """Return the state before the first step, [K, P] or [K, 1] each."""
        kind = torch.float32 if values.use("fused") else torch.get_default_dtype()
        state = {self.counter: torch.zeros_like(weights[:, :1], dtype=kind)}
        for name in self.memory:
            if name not in SWITCHES or values.use(SWITCHES[name]):
                state[name] = torch.zeros_like(weights)
        if "sum" in state:
            state["sum"] += values["initial_accumulator_value"].to(weights)
        return state


def power(base: Tensor, exponent: Tensor) -> Tensor:
    """Raise a column [K, 1] to the powers of a column [K, 1]."""
    powers: Tensor = pad(base.T) ** pad(exponent.T)
    return powers[:, : len(exponent)].T


def decayed(weights: Tensor, grads: Tensor, values: Values) -> Tensor:
    """Return gradients [K, P] with weight decay, or shrink the weights (decoupled)."""
    decay = values["weight_decay"]
    if values.use("decoupled_weight_decay"):
        weights.mul_(values.wide(1 - values["lr"] * decay, weights))
        return grads
    return grads + values.wide(decay, weights) * weights


def sgd(weights: Tensor, grads: Tensor, state: Tensors, values: Values) -> None:
    if "momentum_buffer" in state:
        buffer, momentum = state["momentum_buffer"], values["momentum"].to(grads)
        damped = grads * (1 - values["dampening"]).to(grads)
        buffer.mul_(momentum).add_(torch.where(state["_step"] == 1, grads, damped))
        grads = grads + momentum * buffer if values.use("nesterov") else buffer
    weights.sub_(values.wide(values["lr"], grads) * grads)


def adam(weights: Tensor, grads: Tensor, state: Tensors, values: Values) -> None:
    step, beta1, beta2 = state["step"].double(), values["betas0"], values["betas1"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    mean.lerp_(grads, (1 - beta1).to(grads))
    # No lerp_: a square that is infinite would become NaN, as torch's does not.
    square.mul_(beta2.to(grads)).addcmul_(grads, grads * (1 - beta2).to(grads))
    if "max_exp_avg_sq" in state:
        largest = state["max_exp_avg_sq"]
        square = torch.maximum(largest, square, out=largest)
    root = square.sqrt().div_((1 - power(beta2, step)).sqrt().to(grads))
    pace = values.wide(values["lr"] / (1 - power(beta1, step)), grads)
    weights.addcdiv_(mean * pace, root.add_(values["eps"].to(grads)), value=-1)


def adagrad(weights: Tensor, grads: Tensor, state: Tensors, values: Values) -> None:
    slowed = 1 + (state["step"].double() - 1) * values["lr_decay"]
    state["sum"].addcmul_(grads, grads)
    root = state["sum"].sqrt().add_(values["eps"].to(grads))
    weights.sub_(values.wide(values["lr"] / slowed, grads) * grads / root)


def rmsprop(weights: Tensor, grads: Tensor, state: Tensors, values: Values) -> None:
    square, rest = state["square_avg"], (1 - values["alpha"]).to(grads)
    square.mul_(values["alpha"].to(grads)).addcmul_(grads, grads * rest)
    if "grad_avg" in state:
        mean = state["grad_avg"].lerp_(grads, rest)
        square = square.addcmul(mean, mean, value=-1)
    change = grads / square.sqrt().add_(values["eps"].to(grads))
    if "momentum_buffer" in state:
        buffer = state["momentum_buffer"]
        change = buffer.mul_(values["momentum"].to(grads)).add_(change)
    weights.sub_(values.wide(values["lr"], grads) * change)


ADAM = Rule(adam, ("exp_avg", "exp_avg_sq", "max_exp_avg_sq"))

RULES: dict[type[Optimizer], Rule] = {
    optim.SGD: Rule(sgd, ("momentum_buffer",), "_step"),
    optim.Adam: ADAM,
    optim.AdamW: ADAM,
    optim.Adagrad: Rule(adagrad, ("sum",)),
    optim.RMSprop: Rule(rmsprop, ("square_avg", "momentum_buffer", "grad_avg")),
}
"""Optimizers that can be stacked; runs with another one are trained alone."""
