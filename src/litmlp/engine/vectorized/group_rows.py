"""The rows of a group: those of each step, and each split, which is held once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from litmlp.data.batches import Batches
from litmlp.engine.vectorized.grouped_run import GroupedRun
from litmlp.engine.vectorized.stack import group_indices


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
    """Return the subgroups of each step; a run without a batch left is in none."""
    steps: list[dict[tuple[int, int], list[int]]] = []
    for indices in group_indices(batches, lambda own: tuple(own.sizes)):
        sizes = batches[indices[0]].sizes
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
    """Return the indices [K, N] of each run's rows, in the order of its epoch.

    They count from the run's start; a run with fewer rows than others is filled up with
    its first row.
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


class GroupData:
    """Holds features [N, F] and targets [N, …] of all training and validation rows."""

    def __init__(self, runs: Sequence[GroupedRun], device: torch.device) -> None:
        splits = {split_of(run): run.data for run in runs}
        every = splits.values()
        self.features = joined([d.split_features["train"] for d in every]).to(device)
        self.targets = joined([d.split_targets["train"] for d in every]).to(device)
        counts = accumulate((len(d.rows["train"]) for d in every), initial=0)
        self._starts = dict(zip(splits, counts, strict=False))
        self._validation = {
            split: (
                data.split_features["val"].to(device),
                data.split_targets["val"].to(device),
            )
            for split, data in splits.items()
            if "val" in data.rows
        }

    def start(self, run: GroupedRun) -> int:
        """Return the index of a run's first training row, among the rows of all."""
        return self._starts[split_of(run)]

    def validation(self, run: GroupedRun) -> tuple[Tensor, ...] | None:
        """Return features and targets of a run's validation rows, if it has any."""
        return self._validation.get(split_of(run))


def split_of(run: GroupedRun) -> int:
    """Return the same number for runs that share a split and its preprocessing."""
    return id(run.data.fitted_preprocessing)


def joined(parts: Sequence[Tensor]) -> Tensor:
    """Join rows; a single part is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(tuple(parts))
