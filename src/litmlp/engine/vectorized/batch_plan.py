"""Which rows each member is trained on in each iteration of an epoch."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from litmlp.data.batches import Batches


@dataclass(frozen=True)
class Part:
    """Members whose batches have the same number of rows.

    Args:
        members: their numbers [k]; None for all of them.
        columns: their batches among the rows of an epoch, as ``orders_of`` has them.
    """

    members: Tensor | None
    columns: slice

    @property
    def num_rows(self) -> int:
        """Of a batch."""
        return int(self.columns.stop - self.columns.start)

    def cut(self, first: int = 0) -> tuple[Tensor | slice, slice]:
        """Where they stand in a tensor [K, N, …] that begins with this column."""
        columns = slice(self.columns.start - first, self.columns.stop - first)
        return slice(None) if self.members is None else self.members, columns


def parts_of(batches: Sequence[Batches]) -> list[list[Part]]:
    """The parts of each iteration; a member that has no batch left is in none.

    Args:
        batches: one a member.
    """
    cohorts: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for k, own in enumerate(batches):
        cohorts[tuple(own.sizes)].append(k)
    iterations: list[dict[tuple[int, int], list[int]]] = []
    for sizes, members in cohorts.items():
        for i, (end, size) in enumerate(zip(accumulate(sizes), sizes, strict=True)):
            if i == len(iterations):
                iterations.append(defaultdict(list))
            iterations[i][end - size, end] += members
    return [
        [
            Part(
                None if len(own) == len(batches) else torch.tensor(sorted(own)),
                slice(*columns),
            )
            for columns, own in iteration.items()
        ]
        for iteration in iterations
    ]


def orders_of(
    batches: Sequence[Batches], starts: Sequence[int], epochs: Sequence[int]
) -> Tensor:
    """The numbers [K, N] of each member's rows, in the order of an epoch.

    After the last row of a member that has fewer than others comes its first.

    Args:
        batches: one a member.
        starts: the number of each member's first row.
        epochs: that each member is in, from 0.
    """
    longest = max(own.num_rows for own in batches)
    rows = torch.tensor(starts)[:, None].repeat(1, longest)
    orders: dict[tuple[int, int | None, int], Tensor] = {}
    for k, (own, epoch) in enumerate(zip(batches, epochs, strict=True)):
        own.set_epoch(epoch)
        # Runs that differ in their learning rate share their order.
        same = own.num_rows, own.order_seed, epoch
        if same not in orders:
            orders[same] = torch.cat(list(own))
        rows[k, : own.num_rows] += orders[same]
    return rows
