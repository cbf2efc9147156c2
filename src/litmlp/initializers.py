"""Initializers that torch lacks; like torch's, they fill a tensor in place."""

import math

from torch import Tensor, nn

from litmlp.errors import UserError


def uniform_(weight: Tensor, a: float | None = None, b: float | None = None) -> Tensor:
    """Fill ``weight`` [neurons, inputs] from U(a, b), by default U(−1/√d, 1/√d).

    ``d`` is the layer's own number of neurons (fan_out), as many lecture notes have it;
    torch's default for Linear uses the number of inputs (fan_in).
    """
    limit = 1 / math.sqrt(weight.shape[0])
    low, high = -limit if a is None else a, limit if b is None else b
    if low > high:
        raise UserError(f"the lower bound a={low} is above the upper bound b={high}")
    return nn.init.uniform_(weight, low, high)
