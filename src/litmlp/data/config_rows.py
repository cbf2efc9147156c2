"""Rows that are written into the config, for examples worked by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch

from litmlp.data.data_module import Data
from litmlp.data.samples import Column, Samples
from litmlp.errors import UserError

Numbers = Sequence[Sequence[float]]


@dataclass(kw_only=True, eq=False)
class RowsData(Data):
    """A few rows, each a list of numbers; the columns are called x1, x2, …

    Args:
        inputs: one list of numbers per row.
        targets: one list of real values per row. With ``class_names`` one class index
            per row, or one list with the probability of each class.
        class_names: in the order of the class indices; empty for real values.

    Raises:
        UserError: lists of unequal lengths, or an index of no class.
    """

    inputs: Numbers
    targets: Sequence[int] | Numbers
    class_names: Sequence[str] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.num_inputs = common_length("inputs", self.inputs)
        if len(self.targets) != len(self.inputs):
            raise UserError(
                f"{len(self.inputs)} rows of inputs and {len(self.targets)} of targets"
            )
        count = len(self.class_names)
        if isinstance(self.targets[0], Sequence):
            width = common_length("targets", cast(Numbers, self.targets))
            if count and width != count:
                raise UserError(f"targets: {width} numbers per row for {count} classes")
        elif not count:
            raise UserError(
                "targets are one list of numbers per row, [[0.5],[1.5]]; indices of "
                "classes need data.class_names=[cat,dog] and task=binary or multiclass"
            )
        elif not all(0 <= index < count for index in cast(Sequence[int], self.targets)):
            raise UserError(f"targets={self.targets}: classes go from 0 to {count - 1}")

    def load(self) -> Samples:
        is_index = not isinstance(self.targets[0], Sequence)
        kind = torch.int64 if is_index else torch.float64
        targets = torch.tensor(self.targets, dtype=kind)
        count = 1 if self.class_names else targets.shape[1]
        return Samples(
            inputs=torch.tensor(self.inputs, dtype=torch.float64),
            targets=targets,
            columns=[Column(name=f"x{i + 1}") for i in range(self.num_inputs)],
            target_names=[f"y{i + 1}" for i in range(count)],
            class_names=self.class_names,
        )


def common_length(name: str, rows: Numbers) -> int:
    """The number of values per row; a UserError if rows differ or have none."""
    lengths = sorted({len(row) for row in rows})
    if len(lengths) != 1 or lengths == [0]:
        raise UserError(
            f"{name}: needs one list per row, all of one length, got lengths {lengths}"
        )
    return lengths[0]
