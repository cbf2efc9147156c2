"""What the doctor is told of a run."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, kw_only=True)
class Case:
    """The history of a run, as its diagnosis has recorded it.

    Args:
        records: values by tag, the oldest first; ``loss`` is that of the iteration they
            are of.
        losses: ``loss/train`` and, if there were validation rows, ``loss/val`` of each
            epoch.
        activations: the kind of each hidden layer's activation, where it has one.
        lr: the learning rate that was chosen.
        iterations: how many were done.
    """

    records: Sequence[Mapping[str, float]]
    losses: Mapping[str, Sequence[float]]
    activations: Mapping[str, str]
    lr: float
    iterations: int

    def of_layers(self, name: str, record: int) -> dict[str, float]:
        """A value of the hidden layers that have it, in one of the records."""
        values, start = self.records[record], f"{name}/layer_"
        tags = [tag for tag in values if tag.startswith(start)]
        return {tag.removeprefix(f"{name}/"): values[tag] for tag in tags}

    @property
    def first_loss(self) -> float:
        """Of the untrained network, on the rows of its first iteration."""
        return self.records[0]["loss"]

    @property
    def last_loss(self) -> float:
        """On the training rows, the median of the last few epochs."""
        return statistics.median(self.losses["loss/train"][-3:])

    @property
    def learned(self) -> float:
        """The share of the training loss that is gone."""
        return fallen(self.first_loss, self.last_loss)

    @property
    def largest_step(self) -> float | None:
        """The largest update of a hidden layer as a share of its weights."""
        records = range(len(self.records))
        ratios = [self.of_layers("update_ratio", i).values() for i in records]
        return max((ratio for values in ratios for ratio in values), default=None)

    @property
    def bounded(self) -> bool:
        """Whether there are activations that saturate."""
        return bool(self.of_layers("saturated_share", 0))

    @property
    def validation_ends(self) -> tuple[float, float]:
        """The best ``loss/val``, and the median of the last few; zeros without any."""
        values = self.losses["loss/val"] or [0.0]
        return min(values), statistics.median(values[-3:])

    @property
    def validation_rises(self) -> bool:
        """Whether ``loss/val`` has been much better than it is in the end."""
        best, last = self.validation_ends
        return last - best > 0.1 * self.first_loss and last > 1.2 * best

    @property
    def validation_jumps(self) -> bool:
        """Whether an epoch changes ``loss/val`` by much of the way to its best."""
        values = self.losses["loss/val"]
        best, last = self.validation_ends
        changes = [abs(after - before) for before, after in pairwise(values)]
        return statistics.median(changes or [0.0]) > 0.4 * (last - best)

    @property
    def fitting_initializer(self) -> str:
        """The override for weights that keep the spread of these activations."""
        return f"initializer={'xavier' if self.bounded else 'kaiming'}_uniform"

    def lr_times(self, factor: float) -> str:
        """The override for another learning rate."""
        return f"optimizer.lr={(self.lr or 1e-3) * factor:g}"


def fallen(before: float, after: float) -> float:
    """By which share a loss has fallen."""
    return (before - after) / abs(before) if before else 0.0
