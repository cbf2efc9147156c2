"""Which rows each member is trained on in each iteration of an epoch."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from litmlp.data.batches import Batches


@dataclass(frozen=True)
class Part:
    """Members whose batches have the same number of rows.

    Args:
        members: their numbers [k]; None for all of them.
        rows: what each is trained on, [k, B].
        start: how many rows each was trained on before, in this epoch.
    """

    members: Tensor | None
    rows: Tensor
    start: int


def plan_epoch(
    batches: Sequence[Batches],
    offsets: Sequence[int],
    epochs: Sequence[int],
    device: torch.device,
) -> list[list[Part]]:
    """The parts of each iteration; a member that has no batch left is in none.

    Args:
        batches: one a member.
        offsets: where each member's rows start among all rows.
        epochs: that each member is in, from 0.
        device: where the rows are looked up.
    """
    cohorts: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for k, (own, epoch) in enumerate(zip(batches, epochs, strict=True)):
        own.set_epoch(epoch)
        cohorts[tuple(own.sizes)].append(k)
    orders: dict[tuple[int, int | None, int], Tensor] = {}
    for own in batches:  # runs that differ in their learning rate share their order
        if order_of(own) not in orders:
            orders[order_of(own)] = torch.cat(list(own))
    iterations: list[dict[tuple[int, int], list[tuple[list[int], Tensor]]]] = []
    for sizes, members in cohorts.items():
        each = [orders[order_of(batches[k])] + offsets[k] for k in members]
        rows = torch.stack(each).to(device)
        start = 0
        for i, columns in enumerate(torch.split(rows, list(sizes), dim=1)):
            if i == len(iterations):
                iterations.append(defaultdict(list))
            size = columns.shape[1]
            iterations[i][start, size].append((members, columns))
            start += size
    return [
        [joined(found, len(batches), start) for (start, _), found in iteration.items()]
        for iteration in iterations
    ]


def order_of(batches: Batches) -> tuple[int, int | None, int]:
    """What two members share if their rows come in the same order."""
    return batches.num_rows, batches.order_seed, batches.epoch


def joined(found: list[tuple[list[int], Tensor]], count: int, start: int) -> Part:
    """Cohorts as one part, its members in the order of their numbers."""
    members = torch.tensor([k for some, _ in found for k in some])
    rows = torch.cat([rows for _, rows in found])
    if len(members) > 1:
        members, order = members.sort()
        rows = rows[order]
    return Part(None if len(members) == count else members, rows, start)
