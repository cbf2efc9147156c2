"""The history of a run, from which the doctor draws findings."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

FEWEST_EPOCHS = 4


@dataclass(frozen=True, kw_only=True)
class TrainingHistory:
    """The values of a run that its diagnosis has recorded.

    Args:
        records: values by tag, the oldest first; ``loss`` is the loss of the step that
            a record belongs to.
        losses: ``loss/train`` and, with validation rows, ``loss/val``, per epoch.
        activations: the kind of activation per hidden layer that has one.
        lr: the learning rate in the config.
        steps: the number of optimizer updates.
    """

    records: Sequence[Mapping[str, float]]
    losses: Mapping[str, Sequence[float]]
    activations: Mapping[str, str]
    lr: float
    steps: int

    def of_layers(self, name: str, record: int) -> dict[str, float]:
        """Return a value of the hidden layers that have it, from one of the records."""
        values, start = self.records[record], f"{name}/layer_"
        tags = [tag for tag in values if tag.startswith(start)]
        return {tag.removeprefix(f"{name}/"): values[tag] for tag in tags}

    @property
    def first_loss(self) -> float:
        """The loss of the untrained network, on the rows of the first step."""
        return self.records[0]["loss"]

    @property
    def last_loss(self) -> float:
        """The median of the last training losses; of a few losses, the last one."""
        losses = self.losses["loss/train"]
        return statistics.median(losses[-3:] if len(losses) > 3 else losses[-1:])

    @property
    def learned(self) -> float:
        """The fraction of the training loss that is gone."""
        return fallen(self.first_loss, self.last_loss)

    @property
    def largest_update(self) -> float | None:
        """The largest update of a hidden layer, divided by its weights."""
        records = range(len(self.records))
        ratios = [self.of_layers("update_ratio", i).values() for i in records]
        return max((ratio for values in ratios for ratio in values), default=None)

    @property
    def bounded(self) -> bool:
        """Whether there are activations that saturate."""
        return bool(self.of_layers("saturated_share", 0))

    @property
    def validation_ends(self) -> tuple[float, float]:
        """The best ``loss/val`` and the median of the last; zeros without values.

        Values before the best one are no rise, however few epochs there are.
        """
        values = self.losses["loss/val"] or [0.0]
        since_best = values[values.index(min(values)) :]
        return min(values), statistics.median(since_best[-3:])

    @property
    def validation_rises(self) -> bool:
        """Whether ``loss/val`` was once much better than at the end.

        A few epochs have no course yet.
        """
        best, last = self.validation_ends
        enough = len(self.losses["loss/val"]) >= FEWEST_EPOCHS
        return enough and last - best > 0.1 * self.first_loss and last > 1.2 * best

    @property
    def validation_jumps(self) -> bool:
        """Whether a typical epoch changes ``loss/val`` as much as it rises in all."""
        values = self.losses["loss/val"]
        best, last = self.validation_ends
        changes = [abs(after - before) for before, after in pairwise(values)]
        return statistics.median(changes or [0.0]) > 0.4 * (last - best)

    @property
    def fitting_initializer(self) -> str:
        """The override for weights that keep the spread of the activations."""
        return f"initializer={'xavier' if self.bounded else 'kaiming'}_uniform"

    def lr_times(self, factor: float) -> str:
        """Return the override for another learning rate."""
        return f"optimizer.lr={(self.lr or 1e-3) * factor:g}"


def fallen(before: float, after: float) -> float:
    """Return the fraction by which a loss has fallen."""
    return (before - after) / abs(before) if before else 0.0
