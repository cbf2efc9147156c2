"""The rows of a group: each split is held once, however many runs share it."""

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor

from litmlp.engine.vectorized.grouped_run import GroupedRun


class GroupData:
    """Holds features [N, F] and targets [N, …] of all training and validation rows.

    Args:
        runs: all runs that the group begins with.
        device: where the runs are trained.
    """

    def __init__(self, runs: Sequence[GroupedRun], device: torch.device) -> None:
        splits = {split_of(run): run.data for run in runs}
        every = splits.values()
        self.features = joined([d.split_features["train"] for d in every]).to(device)
        self.targets = joined([d.split_targets["train"] for d in every]).to(device)
        counts = accumulate((len(d.rows["train"]) for d in every), initial=0)
        self._starts = dict(zip(splits, counts, strict=False))
        self._validation = {
            split: tuple(
                rows["val"].to(device)
                for rows in (data.split_features, data.split_targets)
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
