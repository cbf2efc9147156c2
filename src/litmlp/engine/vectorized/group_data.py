"""The rows of a group: each split is held once."""

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor

from litmlp.engine.vectorized.grouped_run import GroupedRun


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

    def order(self, runs: Sequence[GroupedRun]) -> Tensor:
        """Return the indices [K, N] of each run's rows, in the order of its epoch."""
        orders: dict[tuple[int, ...], Tensor] = {}
        rows = []
        for run in runs:
            run.batches.set_epoch(run.trainer.current_epoch)
            # Runs that differ in their learning rate share their order.
            if (seeds := run.batches.seeds) not in orders:
                orders[seeds] = torch.cat(list(run.batches))
            rows.append(self._starts[split_of(run)] + orders[seeds])
        return torch.stack(rows)

    def validation(self, run: GroupedRun) -> tuple[Tensor, ...] | None:
        """Return features and targets of a run's validation rows, if it has any."""
        return self._validation.get(split_of(run))


def split_of(run: GroupedRun) -> int:
    """Return the same number for runs that share a split and its preprocessing."""
    return id(run.data.fitted_preprocessing)


def joined(parts: Sequence[Tensor]) -> Tensor:
    """Join rows; a single part is not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(tuple(parts))
