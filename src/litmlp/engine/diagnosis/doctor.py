"""What ails a run and what would cure it, from what its diagnosis has recorded."""

import math
import statistics
from collections.abc import Iterator, Mapping
from itertools import pairwise

from litmlp.engine.diagnosis.training_history import Case, fallen
from litmlp.engine.terminal.wording import percent, spoken

DEAD = 0.5  # share of a layer's units, at the end
SATURATED = 0.5  # share of every layer's values, at the end
SATURATED_AT_START = 0.3  # share of a layer's values; a few percent are usual
GROWN = 100.0  # spread of activations, last hidden layer over first
VANISHED = 0.05  # gradient, some layer over the last hidden one; 0.2 and more is usual
SLOW = 3e-4  # largest update over weights; 1e-3 is usual
STILL = 0.02  # share of the loss that is gone


def doctors_note(case: Case) -> list[str]:
    """A line a finding: what is wrong and, after an arrow, the overrides that may help.

    The first group with findings speaks for the later ones, which it would explain:
    dead units, say, a loss that does not move. A healthy run has an empty note.
    """
    for examinations in (
        (all_alike,),
        (growing_or_fading,),
        (diverging,),
        (dying, saturated),
        (vanishing,),
        (crawling,),
        (stuck,),
        (jumping,),
        (overfitting,),
    ):
        if note := [text for examine in examinations for text in examine(case)]:
            return note
    return []


def diverging(case: Case) -> Iterator[str]:
    """The loss is not a number any more, or far above where it started."""
    cure = f"{case.lr_times(0.1)} or trainer.gradient_clip_val=1.0"
    for tag, values in case.losses.items():
        for epoch, value in enumerate(values, 1):
            if not math.isfinite(value):
                yield f"{tag} is not a finite number after epoch {epoch} → {cure}"
                return
    if case.last_loss > 2 * case.first_loss:
        change = f"from {case.first_loss:.4g} to {case.last_loss:.4g}"
        yield f"loss/train has risen {change} → {cure}"


def all_alike(case: Case) -> Iterator[str]:
    """Units that start with the same weights get the same gradient: they stay alike."""
    shares = case.of_layers("alike_share", -1)
    if alike := [layer for layer, share in shares.items() if share == 1]:
        yield (
            f"{spoken(alike)}: all units have the same weights and learn the same "
            f"→ {case.fitting_initializer}"
        )


def dying(case: Case) -> Iterator[str]:
    """A unit that no row excites gets no gradient, so it stays as it is.

    In the untrained network its bias is to blame; later it was too large a step.
    """
    first, last = (case.of_layers("dead_share", i) for i in (0, -1))
    dead = {layer: share for layer, share in last.items() if share >= DEAD}
    born = any(first.get(layer, 0.0) >= DEAD for layer in dead)
    cure = "initializer@bias_initializer=zeros" if born else case.lr_times(0.1)
    if dead:
        yield f"{share_of(case, dead)} units are dead → {cure} or activation=leaky_relu"


def saturated(case: Case) -> Iterator[str]:
    """Where an activation is flat, little gradient gets through.

    In the untrained network the weights are too large; later the steps have been,
    unless all goes well: a confident classifier saturates in health.
    """
    first, last = (case.of_layers("saturated_share", i) for i in (0, -1))
    flat = {
        layer: share
        for layer, share in last.items()
        if min(share, first.get(layer, 0.0)) >= SATURATED_AT_START
    }
    cure = case.fitting_initializer
    goes_well = case.learned > 0.5 and not case.validation_rises
    if not flat and not goes_well and min(last.values(), default=0.0) >= SATURATED:
        flat, cure = last, case.lr_times(0.1)
    if flat:
        yield (
            f"{share_of(case, flat)} outputs are saturated "
            f"→ {cure} or batchnorm=before_activation"
        )


def growing_or_fading(case: Case) -> Iterator[str]:
    """In the untrained network, activations do not keep their spread."""
    spreads = case.of_layers("activation_spread", 0)
    if not spreads or not all(spreads.values()):
        return
    names = list(spreads)
    first, last = names[0], names[-1]
    change = spreads[last] / spreads[first]
    if change > GROWN or (change < 1 / GROWN and case.learned < 0.5):
        yield (
            f"activations spread {change:.2g} times as wide in {spoken([last])} as in "
            f"{spoken([first])} "
            f"→ {case.fitting_initializer} or batchnorm=before_activation"
        )


def vanishing(case: Case) -> Iterator[str]:
    """The gradient shrinks on its way back through the layers."""
    shares = []
    for i in range(len(case.records)):
        norms = case.of_layers("gradient_norm", i)
        if norms and (last := list(norms.values())[-1]):  # 0 while the output has zeros
            shares += [(norm / last, layer) for layer, norm in norms.items()]
    share, layer = min(shares, default=(1.0, ""))
    cure = "activation=relu" if case.bounded else case.fitting_initializer
    if share < VANISHED and case.learned < 0.5:
        yield (
            f"the gradient of {spoken([layer])} is {share:.1g} of the last hidden "
            f"layer's → {cure} or batchnorm=before_activation"
        )


def crawling(case: Case) -> Iterator[str]:
    """The loss falls in nearly every epoch and has got nowhere: steps are too small."""
    losses, step = case.losses["loss/train"], case.largest_step
    falls = [after < before for before, after in pairwise(losses)]
    steady = bool(falls) and statistics.mean(falls) > 0.9
    if step is not None and step < SLOW and steady and case.learned < 0.5:
        factor = min(1e3, 10.0 ** round(math.log10(1e-3 / max(step, 1e-9))))
        yield (
            f"updates are {step:.1g} of the weights, and loss/train has only fallen "
            f"from {case.first_loss:.4g} to {case.last_loss:.4g} "
            f"→ {case.lr_times(factor)}"
        )


def stuck(case: Case) -> Iterator[str]:
    """The training loss is what it was before any training."""
    step = case.largest_step
    if step is None:
        cure = f"model.hidden_sizes=[16] or {case.lr_times(10)}"
    elif not case.activations:
        cure = "activation=relu"
    else:
        cure = case.lr_times(10 if step < 1e-2 else 0.1)
    later = fallen(case.losses["loss/train"][0], case.last_loss)
    if case.iterations >= 100 and max(case.learned, later) < STILL:
        yield f"loss/train has stayed at {case.last_loss:.4g} → {cure}"


def jumping(case: Case) -> Iterator[str]:
    """The validation loss goes up and down by much of what it has lost."""
    if case.validation_rises and case.validation_jumps:
        yield f"loss/val goes up and down from epoch to epoch → {case.lr_times(0.1)}"


def overfitting(case: Case) -> Iterator[str]:
    """The validation loss rises while the training loss goes on falling."""
    if not case.validation_rises:
        return
    best, last = case.validation_ends
    epoch = case.losses["loss/val"].index(best)
    dropout = "dropout=dropout dropout.p=0.5 or " if case.activations else ""
    if case.last_loss < case.losses["loss/train"][epoch]:
        yield (
            f"loss/val has risen from {best:.4g} (epoch {epoch + 1}) to {last:.4g} "
            f"while loss/train fell to {case.last_loss:.4g}: it learns its rows by "
            f"heart → {dropout}penalty=l2 penalty.strength=0.03"
        )


def share_of(case: Case, shares: Mapping[str, float]) -> str:
    """Which layers are meant and how much of what: ``layer 2: 62 % of the ReLU``."""
    kinds = dict.fromkeys(case.activations[layer] for layer in shares)
    most = f"{'up to ' * (len(shares) > 1)}{percent(max(shares.values()))}"
    return f"{spoken(shares)}: {most} of the {' and '.join(kinds)}"
