"""How far a training has come, and its part of an epoch that is under way."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

MOST_KEPT = 256
"""Batches whose outputs are kept one by one."""

Batch = tuple[Tensor, ...]
"""Features and targets of some rows, their weights and their folds if they have any."""


def parts_of(batch: Batch) -> tuple[Tensor, Tensor, list[Tensor], Tensor | None]:
    """Return features, targets, weights (one tensor or none) and folds of a batch."""
    features, targets, *others = batch
    weights = [part for part in others if part.is_floating_point()]
    folds = next((part for part in others if not part.is_floating_point()), None)
    return features, targets, weights, folds


class Position(NamedTuple):
    """A point of a training, by each measure that a chart can have below its curves.

    Args:
        step: optimizer updates done.
        epoch: epochs done.
        samples: rows that the network was trained on; a row counts once per epoch.
    """

    step: int
    epoch: int
    samples: int

    def as_metrics(self) -> dict[str, int]:
        """The values that are logged beside the metrics of this position."""
        return {"epoch": self.epoch, "samples": self.samples}


@dataclass
class EpochState:
    """Everything that a model gathers while it trains, beside weights and optimizer.

    A checkpoint holds it, so that a run that was interrupted within an epoch logs the
    same values at the end of that epoch.

    Args:
        samples: rows that the network was trained on.
        pace: learning rate and momentum at the start of the epoch.
        batches: outputs, targets and weights, if there are any, of the epoch's batches
            so far, per split.
    """

    samples: int = 0
    pace: dict[str, Tensor] = field(default_factory=dict)
    batches: dict[str, list[Batch]] = field(default_factory=lambda: defaultdict(list))

    def keep(self, split: str, batch: Batch) -> None:
        """Keep outputs, targets and weights of a batch for the metrics of the epoch.

        Between many small tensors that are kept, the memory of large ones that come
        and go cannot be used again: so small ones are joined now and then.
        """
        kept = self.batches[split]
        kept.append(batch)
        if len(kept) == MOST_KEPT:
            kept[:] = [tuple(map(torch.cat, zip(*kept, strict=True)))]

    def state_dict(self) -> dict[str, Any]:
        """The state of a training between two batches, in plain types."""
        parts = zip(*self.batches.get("train", []), strict=True)
        batches = [torch.cat(part) for part in parts]
        return {"samples": self.samples, "pace": self.pace, "batches": batches}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a saved state."""
        self.samples, self.pace = state["samples"], state["pace"]
        self.batches.clear()
        if state["batches"]:
            self.batches["train"] = [tuple(state["batches"])]

    def move_to(self, device: torch.device) -> None:
        """Move the batches, which a checkpoint holds on the CPU, to a device."""
        self.batches["train"] = [
            tuple(part.to(device) for part in batch) for batch in self.batches["train"]
        ]
