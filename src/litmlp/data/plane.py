"""Data of two inputs, as points of a plane that can be drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Where the rows of a data set lie.

    Attributes:
        points: of all rows, [rows, 2].
        names: of the two coordinates.
        to_inputs: points [N, 2] → raw features [N, columns].
    """

    points: Tensor
    names: Sequence[str]
    to_inputs: Callable[[Tensor], Tensor]
