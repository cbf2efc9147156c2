"""Findings about a run with overrides that may help, from its recorded history."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from litmlp.engine.terminal.wording import percent, spoken

DEAD = 0.5  # fraction of a layer's units, at the end
SATURATED = 0.5  # fraction of every layer's values, at the end
SATURATED_AT_START = 0.3  # fraction of a layer's values; a few percent are usual
GROWN = 100.0  # spread of activations, last hidden layer over first
VANISHED = 0.05  # gradient, some layer over the last hidden one; 0.2 and more is usual
SLOW = 3e-4  # largest update over weights; 1e-3 is usual
STILL = 0.02  # fraction of the loss that is gone
FEWEST_EPOCHS = 4  # whose losses have a course


@dataclass(frozen=True, kw_only=True)
class TrainingHistory:
    """The values of a run that its diagnosis has recorded."""

    records: Sequence[Mapping[str, float]]  # by tag; loss is that of a record's step
    losses: Mapping[str, Sequence[float]]  # loss/train and loss/val per epoch
    activations: Mapping[str, str]  # the kind per hidden layer that has one
    lr: float  # in the config
    steps: int  # optimizer updates

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
        return max(chain(*ratios), default=None)

    @property
    def bounded(self) -> bool:
        """Whether there are activations that saturate."""
        return bool(self.of_layers("saturated_share", 0))

    @property
    def validation_ends(self) -> tuple[float, float]:
        """The best ``loss/val`` and the median of the last; zeros without values."""
        values = self.losses["loss/val"] or [0.0]
        since_best = values[values.index(min(values)) :]  # what was before is no rise
        return min(values), statistics.median(since_best[-3:])

    @property
    def validation_rises(self) -> bool:
        """Whether ``loss/val`` was once much better than at the end."""
        best, last = self.validation_ends
        enough = len(self.losses["loss/val"]) >= FEWEST_EPOCHS
        return enough and last - best > 0.1 * self.first_loss and last > 1.2 * best

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


def doctors_note(history: TrainingHistory) -> list[str]:
    """Return one line per finding: the fault and, after an arrow, useful overrides.

    Only the first group with findings counts: it would explain the later ones, as
    dead units explain a loss that does not move. A healthy run has an empty note.
    """
    for examinations in EXAMINATIONS:
        if note := [text for examine in examinations for text in examine(history)]:
            return note
    return []


def diverging(history: TrainingHistory) -> Iterator[str]:
    """Find a loss that is not a finite number, or far above where it started."""
    cure = f"{history.lr_times(0.1)} or trainer.gradient_clip_val=1.0"
    for tag, values in history.losses.items():
        for epoch, value in enumerate(values, 1):
            if not math.isfinite(value):
                yield f"{tag} is not a finite number after epoch {epoch} → {cure}"
                return
    if history.last_loss > 2 * history.first_loss:
        change = f"from {history.first_loss:.4g} to {history.last_loss:.4g}"
        yield f"loss/train has risen {change} → {cure}"


def all_alike(history: TrainingHistory) -> Iterator[str]:
    """Find units with equal weights: they get equal gradients and stay equal."""
    fractions = history.of_layers("alike_share", -1)
    if alike := [layer for layer, fraction in fractions.items() if fraction == 1]:
        yield (
            f"{spoken(alike)}: all units have the same weights and learn the same "
            f"→ {history.fitting_initializer}"
        )


def dying(history: TrainingHistory) -> Iterator[str]:
    """Find units that no row excites: they get no gradient and stay dead.

    In the untrained network the cause is the bias, later a step that was too large.
    """
    first, last = (history.of_layers("dead_share", i) for i in (0, -1))
    dead = {layer: fraction for layer, fraction in last.items() if fraction >= DEAD}
    born = any(first.get(layer, 0.0) >= DEAD for layer in dead)
    cure = "initializer@bias_initializer=zeros" if born else history.lr_times(0.1)
    if dead:
        units = fraction_of(history, dead)
        yield f"{units} units are dead → {cure} or activation=leaky_relu"


def saturated(history: TrainingHistory) -> Iterator[str]:
    """Find activations in their flat parts, where little gradient passes.

    In the untrained network the cause is large weights, later large steps, unless the
    loss falls: a healthy classifier that is confident saturates, too.
    """
    first, last = (history.of_layers("saturated_share", i) for i in (0, -1))
    flat = {
        layer: fraction
        for layer, fraction in last.items()
        if min(fraction, first.get(layer, 0.0)) >= SATURATED_AT_START
    }
    cure = history.fitting_initializer
    goes_well = history.learned > 0.5 and not history.validation_rises
    if not flat and not goes_well and min(last.values(), default=0.0) >= SATURATED:
        flat, cure = last, history.lr_times(0.1)
    if flat:
        yield (
            f"{fraction_of(history, flat)} outputs are saturated "
            f"→ {cure} or batchnorm=before_activation"
        )


def growing_or_fading(history: TrainingHistory) -> Iterator[str]:
    """Find activations of the untrained network that do not keep their spread."""
    spreads = history.of_layers("activation_spread", 0)
    if not spreads or not all(spreads.values()):
        return
    names = list(spreads)
    first, last = names[0], names[-1]
    change = spreads[last] / spreads[first]
    if change > GROWN or (change < 1 / GROWN and history.learned < 0.5):
        yield (
            f"activations spread {change:.2g} times as wide in {spoken([last])} as in "
            f"{spoken([first])} "
            f"→ {history.fitting_initializer} or batchnorm=before_activation"
        )


def vanishing(history: TrainingHistory) -> Iterator[str]:
    """Find a gradient that shrinks on its way back through the layers."""
    fractions = []
    for i in range(len(history.records)):
        norms = history.of_layers("gradient_norm", i)
        if norms and (last := list(norms.values())[-1]):  # 0 while the output has zeros
            fractions += [(norm / last, layer) for layer, norm in norms.items()]
    fraction, layer = min(fractions, default=(1.0, ""))
    cure = "activation=relu" if history.bounded else history.fitting_initializer
    if fraction < VANISHED and history.learned < 0.5:
        yield (
            f"the gradient of {spoken([layer])} is {fraction:.1g} of the last hidden "
            f"layer's → {cure} or batchnorm=before_activation"
        )


def crawling(history: TrainingHistory) -> Iterator[str]:
    """Find steps that are too small: the loss falls steadily, but slowly."""
    losses, step = history.losses["loss/train"], history.largest_update
    falls = [after < before for before, after in pairwise(losses)]
    steady = bool(falls) and statistics.mean(falls) > 0.9
    if step is not None and step < SLOW and steady and history.learned < 0.5:
        factor = min(1e3, 10.0 ** round(math.log10(1e-3 / max(step, 1e-9))))
        yield (
            f"updates are {step:.1g} of the weights, and loss/train has only fallen "
            f"from {history.first_loss:.4g} to {history.last_loss:.4g} "
            f"→ {history.lr_times(factor)}"
        )


def stuck(history: TrainingHistory) -> Iterator[str]:
    """Find a training loss that has not changed."""
    step = history.largest_update
    if step is None:
        cure = f"model.hidden_sizes=[16] or {history.lr_times(10)}"
    elif not history.activations:
        cure = "activation=relu"
    else:
        cure = history.lr_times(10 if step < 1e-2 else 0.1)
    later = fallen(history.losses["loss/train"][0], history.last_loss)
    if history.steps >= 100 and max(history.learned, later) < STILL:
        yield f"loss/train has stayed at {history.last_loss:.4g} → {cure}"


def jumping(history: TrainingHistory) -> Iterator[str]:
    """Find a validation loss that changes in an epoch as much as it rises in all."""
    best, last = history.validation_ends
    values = history.losses["loss/val"]
    changes = [abs(after - before) for before, after in pairwise(values)]
    if history.validation_rises and statistics.median(changes) > 0.4 * (last - best):
        yield f"loss/val goes up and down from epoch to epoch → {history.lr_times(0.1)}"


def overfitting(history: TrainingHistory) -> Iterator[str]:
    """Find a validation loss that rises while the training loss falls."""
    if not history.validation_rises:
        return
    best, last = history.validation_ends
    epoch = history.losses["loss/val"].index(best)
    dropout = "dropout=dropout dropout.p=0.5 or " if history.activations else ""
    if history.last_loss < history.losses["loss/train"][epoch]:
        yield (
            f"loss/val has risen from {best:.4g} (epoch {epoch + 1}) to {last:.4g} "
            f"while loss/train fell to {history.last_loss:.4g}: it learns its rows by "
            f"heart → {dropout}penalty=l2 penalty.strength=0.03"
        )


def fraction_of(history: TrainingHistory, fractions: Mapping[str, float]) -> str:
    """Return layers, fraction and activation: ``layer 2: 62 % of the ReLU``."""
    kinds = dict.fromkeys(history.activations[layer] for layer in fractions)
    most = f"{'up to ' * (len(fractions) > 1)}{percent(max(fractions.values()))}"
    return f"{spoken(fractions)}: {most} of the {' and '.join(kinds)}"


EXAMINATIONS = (
    *((all_alike,), (growing_or_fading,), (diverging,), (dying, saturated)),
    *((vanishing,), (crawling,), (stuck,), (jumping,), (overfitting,)),
)
