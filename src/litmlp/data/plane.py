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

    @property
    def placed(self) -> Tensor:
        """The points of rows that lack no number; if there is none, the origin."""
        found = self.points[self.points.isfinite().all(dim=1)]
        return found if len(found) else self.points.new_zeros(1, 2)
