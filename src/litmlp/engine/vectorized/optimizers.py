"""Torch's optimizers for runs with hyperparameters of their own.

Each function changes weights [K, P] and state in place by gradients [K, P]; formulas
and names of the state are those of ``torch.optim``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, optim
from torch.optim import Optimizer

from litmlp.engine.vectorized.stack import Tensors, pad
from litmlp.engine.vectorized.stacked_values import Values

Update = Callable[[Tensor, Tensor, Tensors, Values], None]

FROM_THE_START: dict[str, str | float] = {
    "sum": "initial_accumulator_value",
    "step_size": "lr",
    "eta": "lr",
    "mu": 1.0,
    "mu_product": 1.0,
}
"""State that does not start with zeros, but with a number or a hyperparameter."""

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
        counters: names of state per run; a ``_`` marks a name that torch lacks.
    """

    update: Update
    memory: tuple[str, ...] = ()
    counters: tuple[str, ...] = ("step",)

    def step(
        self, weights: Tensor, grads: Tensor, state: Tensors, values: Values
    ) -> None:
        """Update weights [K, P] in place by gradients [K, P]."""
        state[self.counters[0]] += 1
        if values.use("maximize"):
            grads = -grads
        if values.use("weight_decay"):
            grads = decayed(weights, grads, values)
        self.update(weights, grads, state, values)

    def state(self, weights: Tensor, values: Values) -> Tensors:
        """Return the state before the first step, [K, P] or [K, 1] each."""
        state = {}
        for name in (*self.memory, *self.counters):
            if name in SWITCHES and not values.use(SWITCHES[name]):
                continue
            start = FROM_THE_START.get(name, 0.0)
            like = weights if name in self.memory else counter(weights, values)
            first = (
                values.wide(values[start], like) if isinstance(start, str) else start
            )
            state[name] = torch.zeros_like(like).add_(first)
        return state


def power(base: Tensor | float, exponent: Tensor) -> Tensor:
    """Raise a number or a column [K, 1] to the powers of a column [K, 1]."""
    both = [pad(x.T) if isinstance(x, Tensor) else x for x in (base, exponent)]
    result: Tensor = both[0] ** both[1]
    return result[:, : len(exponent)].T


def counter(weights: Tensor, values: Values) -> Tensor:
    """Return a column [K, 1] of the type in which torch counts steps."""
    fused = values.use("fused")
    kind = torch.float32 if fused else torch.get_default_dtype()
    return weights[:, :1].to(kind)


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
    mean, square = moments(grads, state, values)
    if "max_exp_avg_sq" in state:
        largest = state["max_exp_avg_sq"]
        square = torch.maximum(largest, square, out=largest)
    root = square.sqrt().div_((1 - power(beta2, step)).sqrt().to(grads))
    pace = values.wide(values["lr"] / (1 - power(beta1, step)), grads)
    weights.addcdiv_(mean * pace, root.add_(values["eps"].to(grads)), value=-1)


def moments(grads: Tensor, state: Tensors, values: Values) -> tuple[Tensor, Tensor]:
    """Update the running means [K, P] of gradients and of their squares."""
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    mean.lerp_(grads, (1 - values["betas0"]).to(grads))
    # No lerp_: a square that is infinite would become NaN, as torch's does not.
    square.mul_(values["betas1"].to(grads))
    square.addcmul_(grads, grads * (1 - values["betas1"]).to(grads))
    return mean, square


def nadam(weights: Tensor, grads: Tensor, state: Tensors, values: Values) -> None:
    step, beta1 = state["step"].double(), values["betas0"]
    decay = values["momentum_decay"]
    mu = beta1 * (1 - 0.5 * power(0.96, step * decay))
    next_mu = beta1 * (1 - 0.5 * power(0.96, (step + 1) * decay))
    state["mu_product"] *= mu
    product = state["mu_product"].double()
    mean, square = moments(grads, state, values)
    root = square.div((1 - power(values["betas1"], step)).to(grads)).sqrt_()
    root.add_(values["eps"].to(grads))
    now = values.wide(values["lr"] * (1 - mu) / (1 - product), grads)
    ahead = values.wide(values["lr"] * next_mu / (1 - product * next_mu), grads)
    weights.sub_(now * grads / root).sub_(ahead * mean / root)


def radam(weights: Tensor, grads: Tensor, state: Tensors, values: Values) -> None:
    step, beta1, beta2 = state["step"].double(), values["betas0"], values["betas1"]
    mean, square = moments(grads, state, values)
    faded = power(beta2, step)
    left = 1 - faded
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * faded / left
    sound = length > 5
    length = torch.where(sound, length, 6.0)  # any: it is not used then
    change = (length - 4) * (length - 2) * longest
    rectified = (change / ((longest - 4) * (longest - 2) * length)).sqrt()
    root = square.sqrt().add_(values["eps"].to(grads))
    adaptive = (left.sqrt() * rectified).to(grads) / root
    pace = values.wide(values["lr"] / (1 - power(beta1, step)), grads)
    weights.sub_(pace * mean * torch.where(sound, adaptive, 1.0))


def adamax(weights: Tensor, grads: Tensor, state: Tensors, values: Values) -> None:
    mean, largest = state["exp_avg"], state["exp_inf"]
    mean.lerp_(grads, (1 - values["betas0"]).to(grads))
    largest.mul_(values["betas1"].to(grads))
    torch.maximum(largest, grads.abs().add_(values["eps"].to(grads)), out=largest)
    pace = values["lr"] / (1 - power(values["betas0"], state["step"].double()))
    weights.sub_(values.wide(pace, grads) * mean / largest)


def adagrad(weights: Tensor, grads: Tensor, state: Tensors, values: Values) -> None:
    slowed = 1 + (state["step"].double() - 1) * values["lr_decay"]
    state["sum"].addcmul_(grads, grads)
    root = state["sum"].sqrt().add_(values["eps"].to(grads))
    weights.sub_(values.wide(values["lr"] / slowed, grads) * grads / root)


def adadelta(weights: Tensor, grads: Tensor, state: Tensors, values: Values) -> None:
    rho, eps = values["rho"].to(grads), values["eps"].to(grads)
    rest = (1 - values["rho"]).to(grads)
    square, moved = state["square_avg"], state["acc_delta"]
    square.mul_(rho).addcmul_(grads, grads * rest)
    delta = (moved + eps).sqrt_().div_((square + eps).sqrt_()).mul_(grads)
    moved.mul_(rho).addcmul_(delta, delta * rest)
    weights.sub_(values.wide(values["lr"], grads) * delta)


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


def asgd(weights: Tensor, grads: Tensor, state: Tensors, values: Values) -> None:
    step, lr, lambd = state["step"].double(), values["lr"], values["lambd"]
    eta, mu, average = state["eta"], state["mu"], state["ax"]
    weights.mul_((1 - lambd * eta).to(weights)).sub_(eta.to(grads) * grads)
    nearer = average + (weights - average) * mu.to(weights)
    average.copy_(torch.where(mu == 1, weights, nearer))
    eta.copy_(lr / power(1 + lambd * lr * step, values["alpha"]))
    mu.copy_(1 / (step - values["t0"]).clamp(min=1))


def rprop(weights: Tensor, grads: Tensor, state: Tensors, values: Values) -> None:
    size, sign = state["step_size"], (grads * state["prev"]).sign_()
    shrink, grow = values["etas0"].to(grads), values["etas1"].to(grads)
    size.mul_(torch.where(sign > 0, grow, torch.where(sign < 0, shrink, 1.0)))
    size.clamp_(values["step_sizes0"].to(grads), values["step_sizes1"].to(grads))
    grads = torch.where(sign < 0, 0.0, grads)
    weights.sub_(grads.sign() * size)
    state["prev"].copy_(grads)


MOMENTS = ("exp_avg", "exp_avg_sq")

RULES: dict[type[Optimizer], Rule] = {
    optim.SGD: Rule(sgd, ("momentum_buffer",), ("_step",)),
    optim.Adam: Rule(adam, (*MOMENTS, "max_exp_avg_sq")),
    optim.AdamW: Rule(adam, (*MOMENTS, "max_exp_avg_sq")),
    optim.NAdam: Rule(nadam, MOMENTS, ("step", "mu_product")),
    optim.RAdam: Rule(radam, MOMENTS),
    optim.Adamax: Rule(adamax, ("exp_avg", "exp_inf")),
    optim.Adagrad: Rule(adagrad, ("sum",)),
    optim.Adadelta: Rule(adadelta, ("square_avg", "acc_delta")),
    optim.RMSprop: Rule(rmsprop, ("square_avg", "momentum_buffer", "grad_avg")),
    optim.ASGD: Rule(asgd, ("ax",), ("step", "eta", "mu")),
    optim.Rprop: Rule(rprop, ("prev", "step_size")),
}
"""Optimizers that can be stacked: they treat each weight by itself."""
