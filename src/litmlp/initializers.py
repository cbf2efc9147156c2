"""Initializers that torch lacks; like torch's, they fill a tensor in place."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from litmlp.errors import UserError


def uniform_(weight: Tensor, a: float | None = None, b: float | None = None) -> Tensor:
    """Fill ``weight`` [neurons, inputs] from U(a, b), by default U(−1/√d, 1/√d).

    ``d`` is the number of neurons of the layer (fan_out), as in many lecture notes; the
    default of torch for Linear uses the number of inputs (fan_in).
    """
    limit = 1 / math.sqrt(weight.shape[0])
    low, high = -limit if a is None else a, limit if b is None else b
    if low > high:
        raise UserError(f"the lower bound a={low} is above the upper bound b={high}")
    return nn.init.uniform_(weight, low, high)


def given_(
    weight: Tensor, values: Sequence[float] | Sequence[Sequence[float]]
) -> Tensor:
    """Copy ``values`` into ``weight`` [neurons, inputs], or into a bias [neurons].

    For an example worked by hand, which states every weight.

    Raises:
        UserError: the values have another shape.
    """
    given = torch.tensor(values, dtype=weight.dtype)
    if given.shape != weight.shape:
        raise UserError(
            f"values={values}: their shape is {list(given.shape)}, and the layer takes "
            f"{list(weight.shape)}: [neurons, inputs], or [neurons] for a bias"
        )
    return weight.copy_(given)


def identity_(weight: Tensor) -> Tensor:
    """Fill ``weight`` [neurons, inputs] with the identity matrix.

    The weighted sums of the layer are then its inputs.

    Raises:
        UserError: the numbers of neurons and inputs differ.
    """
    neurons, inputs = weight.shape
    if neurons != inputs:
        raise UserError(f"{inputs} inputs cannot pass {neurons} neurons unchanged")
    return nn.init.eye_(weight)
