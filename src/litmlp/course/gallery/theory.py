"""The spread of weights that an initializer's formula promises."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from torch import nn

from litmlp import initializers
from litmlp.mlp import Initializer

UNIFORM = (
    nn.init.kaiming_uniform_,
    nn.init.xavier_uniform_,
    initializers.uniform_,
    nn.Identity,  # what torch's Linear does by itself
)


@dataclass(frozen=True)
class Theory:
    """What a layer's weights should be.

    Args:
        std: their standard deviation.
        bound: the largest weight there can be, if there is one.
        formula: of the bound or, without one, of the standard deviation.
    """

    std: float
    bound: float | None
    formula: str

    def __str__(self) -> str:
        name, value = ("std", self.std) if self.bound is None else ("bound", self.bound)
        return f"{name} {self.formula + ' = ' if self.formula else ''}{value:.3g}"


def theory(fill: Initializer, *, fan_in: int, fan_out: int) -> Theory | None:
    """What is known of an initializer of torch's or ours; None for another."""
    known = variance(fill)
    if known is None:
        return None
    numerator, denominator = known
    fans = {
        "1": 1,
        "fan_in": fan_in,
        "fan_out": fan_out,
        "(fan_in + fan_out)": fan_in + fan_out,
        "max(fan_in, fan_out)": max(fan_in, fan_out),
    }
    std = math.sqrt(numerator / fans[denominator])
    bounded = getattr(fill, "func", type(fill)) in UNIFORM
    shown = 3 * numerator if bounded else numerator  # U(±a) has the variance a²/3
    formula = f"√({shown:.3g}/{denominator})" if denominator != "1" else ""
    return Theory(std, math.sqrt(3) * std if bounded else None, formula)


def variance(fill: Initializer) -> tuple[float, str] | None:
    """Of its weights: a numerator, and which fan divides it."""
    given: dict[str, Any] = getattr(fill, "keywords", {})
    gain = given.get("gain", 1.0)
    std = given.get("std", 1.0)
    match getattr(fill, "func", type(fill)):
        case nn.init.kaiming_normal_ | nn.init.kaiming_uniform_:
            nonlinearity = given.get("nonlinearity", "leaky_relu")
            gain = nn.init.calculate_gain(nonlinearity, given.get("a", 0))
            return gain**2, given.get("mode", "fan_in")
        case nn.init.xavier_normal_ | nn.init.xavier_uniform_:
            return 2 * gain**2, "(fan_in + fan_out)"
        case nn.init.orthogonal_:
            return gain**2, "max(fan_in, fan_out)"
        case nn.init.normal_:
            return std**2, "1"
        case nn.init.sparse_:
            return std**2 * (1 - given["sparsity"]), "1"
        case nn.init.trunc_normal_:
            return truncated_variance(**given), "1"
        case initializers.uniform_ if given.get("a") is given.get("b") is None:
            return 1 / 3, "fan_out"
        case nn.Identity:
            return 1 / 3, "fan_in"
    return None


def truncated_variance(
    mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0
) -> float:
    """Of N(mean, std²) within [a, b]."""
    normal = NormalDist()
    low, high = (a - mean) / std, (b - mean) / std
    share = normal.cdf(high) - normal.cdf(low)
    first = (normal.pdf(low) - normal.pdf(high)) / share
    second = (low * normal.pdf(low) - high * normal.pdf(high)) / share
    return std**2 * (1 + second - first**2)
