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
        inputs: a list a row.
        targets: a list of real values a row. With ``class_names`` an index a row, or a
            list with each class's share.
        class_names: in the order of the class indices; empty for real values.

    Raises:
        UserError: lists of unequal lengths, or a class index that is none.
    """

    inputs: Numbers
    targets: Sequence[int] | Numbers
    class_names: Sequence[str] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        width = common_length("inputs", self.inputs)
        if len(self.targets) != len(self.inputs):
            raise UserError(
                f"{len(self.inputs)} rows of inputs and {len(self.targets)} of targets"
            )
        self.input_names = [f"x{i + 1}" for i in range(width)]
        if isinstance(self.targets[0], Sequence):
            self._check_lists(common_length("targets", cast(Numbers, self.targets)))
        else:
            self._check_indices(cast(Sequence[int], self.targets))

    def load(self) -> Samples:
        is_index = not isinstance(self.targets[0], Sequence)
        kind = torch.int64 if is_index else torch.float64
        targets = torch.tensor(self.targets, dtype=kind)
        count = 1 if self.class_names else targets.shape[1]
        return Samples(
            inputs=torch.tensor(self.inputs, dtype=torch.float64),
            targets=targets,
            columns=[Column(name=name) for name in self.input_names],
            target_names=[f"y{i + 1}" for i in range(count)],
            class_names=self.class_names,
        )

    def _check_lists(self, width: int) -> None:
        if self.class_names and width != len(self.class_names):
            raise UserError(
                f"{width} shares a row of targets for {len(self.class_names)} classes"
            )

    def _check_indices(self, indices: Sequence[int]) -> None:
        if not self.class_names:
            raise UserError(
                "targets are a list of numbers a row, [[0.5],[1.5]]; indices of "
                "classes need data.class_names=[cat,dog] and task=binary or multiclass"
            )
        last = len(self.class_names) - 1
        if not all(0 <= index <= last for index in indices):
            raise UserError(f"targets={list(indices)}: classes go from 0 to {last}")


def common_length(name: str, rows: Numbers) -> int:
    """How many numbers each row has.

    Raises:
        UserError: none, or not all as many.
    """
    lengths = sorted({len(row) for row in rows})
    if lengths in ([], [0]) or len(lengths) > 1:
        raise UserError(
            f"{name}: one list or more of as many numbers each, got lengths {lengths}"
        )
    return lengths[0]
