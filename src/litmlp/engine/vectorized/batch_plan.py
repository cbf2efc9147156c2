"""The plan of an epoch: the rows that each run is trained on in each step."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from litmlp.data.batches import Batches


@dataclass(frozen=True)
class SubGroup:
    """The runs whose batches have the same number of rows.

    Args:
        indices: of the runs, [k]; None for all runs.
        columns: where the batch lies among the rows of an epoch, see ``row_orders``.
    """

    indices: Tensor | None
    columns: slice

    @property
    def num_rows(self) -> int:
        """Rows per batch."""
        return int(self.columns.stop - self.columns.start)

    @property
    def place(self) -> tuple[Tensor | slice, slice]:
        """Return an index into a tensor [K, N, …] of all runs and rows."""
        return slice(None) if self.indices is None else self.indices, self.columns


def subgroups_of(batches: Sequence[Batches]) -> list[list[SubGroup]]:
    """Return the subgroups of each step; a run without a batch left is in none.

    Args:
        batches: one per run.
    """
    cohorts: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for k, own in enumerate(batches):
        cohorts[tuple(own.sizes)].append(k)
    steps: list[dict[tuple[int, int], list[int]]] = []
    for sizes, indices in cohorts.items():
        for i, (end, size) in enumerate(zip(accumulate(sizes), sizes, strict=True)):
            if i == len(steps):
                steps.append(defaultdict(list))
            steps[i][end - size, end] += indices
    return [
        [
            SubGroup(
                None if len(own) == len(batches) else torch.tensor(sorted(own)),
                slice(*columns),
            )
            for columns, own in step.items()
        ]
        for step in steps
    ]


def row_orders(
    batches: Sequence[Batches], starts: Sequence[int], epochs: Sequence[int]
) -> Tensor:
    """Return the indices [K, N] of each run's rows, in the order of an epoch.

    A run with fewer rows than others is filled up with its first row.

    Args:
        batches: one per run.
        starts: the index of each run's first row.
        epochs: the epoch that each run is in, from 0.
    """
    longest = max(own.num_rows for own in batches)
    rows = torch.tensor(starts)[:, None].repeat(1, longest)
    orders: dict[tuple[int, tuple[int, ...]], Tensor] = {}
    for k, (own, epoch) in enumerate(zip(batches, epochs, strict=True)):
        own.set_epoch(epoch)
        # Runs that differ in their learning rate share their order.
        same = own.num_rows, own.seeds
        if same not in orders:
            orders[same] = torch.cat(list(own))
        rows[k, : own.num_rows] += orders[same]
    return rows
