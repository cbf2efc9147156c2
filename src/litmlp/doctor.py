"""What ails a run and what would cure it, from what its diagnosis has recorded."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

DEAD = 0.5
"""Share of a layer's units, at the end."""

SATURATED = 0.5
"""Share of every layer's values, at the end."""

SATURATED_AT_START = 0.3
"""Share of a layer's values in the untrained network; a few percent are usual."""

VANISHED = 0.05
"""A layer's gradient as a share of the last hidden layer's."""

GROWN = 100.0
"""Spread of the last hidden layer's activations over that of the first one's."""

SLOW = 3e-4
"""An update as a share of the weights; 1e-3 is usual."""

RISEN = 0.1
"""Rise of loss/val from its best value, as a share of the untrained network's loss."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the doctor is told of a run.

    Args:
        records: values of its diagnosis by tag, the oldest first; ``loss`` is that of
            the iteration they are of.
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
        return 1 - self.last_loss / self.first_loss

    def lr_times(self, factor: float) -> str:
        """The override for another learning rate."""
        return f"optimizer.lr={(self.lr or 1e-3) * factor:g}"

    @property
    def largest_step(self) -> float | None:
        """The largest update of a hidden layer as a share of its weights."""
        records = range(len(self.records))
        ratios = [self.of_layers("update_ratio", i).values() for i in records]
        return max((ratio for values in ratios for ratio in values), default=None)

    @property
    def fitting_initializer(self) -> str:
        """The override for weights that keep the spread of these activations."""
        bounded = self.of_layers("saturated_share", 0)
        return f"initializer={'xavier' if bounded else 'kaiming'}_uniform"


def doctors_note(case: Case) -> list[str]:
    """A line a finding: what is wrong and, after an arrow, the overrides that may help.

    The first group with findings speaks for the later ones, which it would explain:
    dead units, say, a loss that does not move. A healthy run has an empty note.
    """
    for examinations in (
        (diverging,),
        (all_alike,),
        (dying, saturated),
        (growing_or_fading,),
        (vanishing,),
        (crawling,),
        (stuck,),
        (overfitting,),
    ):
        if note := [text for examine in examinations if (text := examine(case))]:
            return note
    return []


def diverging(case: Case) -> str | None:
    """The loss is not a number any more, or far above where it started."""
    cure = f"{case.lr_times(0.1)} or trainer.gradient_clip_val=1.0"
    for tag, values in case.losses.items():
        for epoch, value in enumerate(values, 1):
            if not math.isfinite(value):
                return f"{tag} is not a finite number after epoch {epoch} → {cure}"
    if case.last_loss > 2 * case.first_loss:
        change = f"from {case.first_loss:.4g} to {case.last_loss:.4g}"
        return f"loss/train has risen {change} → {cure}"
    return None


def all_alike(case: Case) -> str | None:
    """Units that start with the same weights get the same gradient: they stay alike."""
    shares = case.of_layers("alike_share", -1)
    alike = [layer for layer, share in shares.items() if share == 1]
    if not alike:
        return None
    return (
        f"{spoken(alike)}: all units have the same weights and learn the same "
        f"→ {case.fitting_initializer}"
    )


def dying(case: Case) -> str | None:
    """A unit that no row excites gets no gradient, so it stays as it is.

    In the untrained network its bias is to blame; later it was too large a step.
    """
    first, last = (case.of_layers("dead_share", i) for i in (0, -1))
    dead = {layer: share for layer, share in last.items() if share >= DEAD}
    if not dead:
        return None
    born = any(first[layer] >= DEAD for layer in dead)
    cure = "initializer@bias_initializer=zeros" if born else case.lr_times(0.1)
    return (
        f"{spoken(dead)}: {most(dead)} of the {kinds(case, dead)} units are dead "
        f"→ {cure} or activation=leaky_relu"
    )


def saturated(case: Case) -> str | None:
    """Where an activation is flat, little gradient gets through.

    In the untrained network the weights are too large; later the steps may have been.
    A confident classifier's last layer saturates in health.
    """
    first, last = (case.of_layers("saturated_share", i) for i in (0, -1))
    flat = {
        layer: share
        for layer, share in last.items()
        if min(share, first[layer]) >= SATURATED_AT_START
    }
    cure = case.fitting_initializer
    if not flat and last and min(last.values()) >= SATURATED:
        flat, cure = last, case.lr_times(0.1)
    if not flat:
        return None
    return (
        f"{spoken(flat)}: {most(flat)} of the {kinds(case, flat)} outputs are "
        f"saturated → {cure} or batchnorm=before_activation"
    )


def growing_or_fading(case: Case) -> str | None:
    """In the untrained network, activations do not keep their spread."""
    spreads = case.of_layers("activation_spread", 0)
    if not spreads or not all(spreads.values()):
        return None
    first, *_, last = [*spreads, *spreads]
    change = spreads[last] / spreads[first]
    if 1 / GROWN < change < GROWN or (change < 1 and case.learned > 0.5):
        return None
    return (
        f"activations spread {change:.2g} times as wide in {spoken([last])} as in "
        f"{spoken([first])} → {case.fitting_initializer} or batchnorm=before_activation"
    )


def vanishing(case: Case) -> str | None:
    """The gradient shrinks on its way back through the layers."""
    shares = []
    for i in range(len(case.records)):
        norms = case.of_layers("gradient_norm", i)
        if norms and (last := list(norms.values())[-1]):  # 0 while the output has zeros
            shares += [(norm / last, layer) for layer, norm in norms.items()]
    share, layer = min(shares, default=(1.0, ""))
    if share > VANISHED or case.learned > 0.5:
        return None
    bounded = case.of_layers("saturated_share", 0)
    cure = "activation=relu" if bounded else case.fitting_initializer
    return (
        f"the gradient of {spoken([layer])} is {share:.1g} of the last hidden layer's "
        f"→ {cure} or batchnorm=before_activation"
    )


def crawling(case: Case) -> str | None:
    """The loss falls in nearly every epoch and has got nowhere: steps are too small."""
    losses = case.losses["loss/train"]
    falls = [after < before for before, after in pairwise(losses)]
    if not falls or statistics.mean(falls) < 0.9 or case.learned > 0.5:
        return None
    step = case.largest_step
    if step is None or step > SLOW:
        return None
    factor = min(1e3, 10.0 ** round(math.log10(1e-3 / max(step, 1e-9))))
    return (
        f"updates are {step:.1g} of the weights, and loss/train has only fallen from "
        f"{case.first_loss:.4g} to {case.last_loss:.4g} → {case.lr_times(factor)}"
    )


def stuck(case: Case) -> str | None:
    """The training loss is what it was before any training."""
    start = case.losses["loss/train"][0]
    fallen = max(case.learned, 1 - case.last_loss / start)
    if case.iterations < 100 or fallen > 0.02:
        return None
    step = case.largest_step
    if step is None:
        cure = f"model=mlp or {case.lr_times(10)}"
    elif not case.activations:
        cure = "activation=relu"
    else:
        cure = case.lr_times(10 if step < 1e-2 else 0.1)
    return f"loss/train has stayed at {case.last_loss:.4g} → {cure}"


def overfitting(case: Case) -> str | None:
    """The validation loss rises while the training loss goes on falling."""
    train, validation = (case.losses[tag] for tag in ("loss/train", "loss/val"))
    if not validation:
        return None
    best = min(validation)
    epoch = validation.index(best)
    last = statistics.median(validation[-3:])
    rises = last - best > RISEN * case.first_loss and last > 1.2 * best
    if not rises or case.last_loss > train[epoch]:
        return None
    return (
        f"loss/val has risen from {best:.4g} (epoch {epoch + 1}) to {last:.4g} while "
        f"loss/train fell to {case.last_loss:.4g}: it learns its rows by heart "
        "→ dropout=dropout dropout.p=0.5 or penalty=l2 penalty.strength=0.03"
    )


def spoken(layers: Iterable[str]) -> str:
    """Layers as one says it.

    >>> spoken(["layer_1", "layer_2", "layer_3", "layer_5"])
    'layers 1, 2, 3, 5'
    >>> spoken(["layer_2", "layer_3", "layer_4"])
    'layers 2–4'
    """
    numbers = [int(layer.removeprefix("layer_")) for layer in layers]
    text = ", ".join(map(str, numbers))
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        text = f"{numbers[0]}–{numbers[-1]}"
    return f"layer{'s' * (len(numbers) > 1)} {text}"


def most(shares: Mapping[str, float]) -> str:
    """The largest share."""
    return f"{'up to ' * (len(shares) > 1)}{percent(max(shares.values()))}"


def percent(share: float) -> str:
    """A share as one says it.

    >>> percent(0.623)
    '62 %'
    """
    return f"{100 * share:.0f} %"


def kinds(case: Case, layers: Iterable[str]) -> str:
    """The activations of these layers."""
    return " and ".join(dict.fromkeys(case.activations[layer] for layer in layers))
