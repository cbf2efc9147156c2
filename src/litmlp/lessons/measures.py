"""What a lesson measures: from a member of its sweep to a number."""

import math

from litmlp.lessons.members import Member


def at_best(member: Member, *, metric: str) -> float:
    """A metric at the best checkpoint, such as ``accuracy/test``."""
    value = member.summary["metrics"][metric]
    return math.nan if value is None else float(value)


def at_end(member: Member, *, metric: str) -> float:
    """A tag's last recorded value, such as ``loss/train`` after the last epoch."""
    return member.curve(metric)[1][-1]


def epochs_until(member: Member, *, metric: str, below: float) -> float:
    """The first epoch at whose end a loss is below a value; never counts as the last.

    So a run that takes longer than its budget is reported as faster than it is.
    """
    epochs, values = member.curve(metric)
    reached = [
        epoch for epoch, value in zip(epochs, values, strict=True) if value < below
    ]
    return float(reached[0] if reached else epochs[-1])


def roughness(member: Member, *, metric: str) -> float:
    """Share of its epochs after which a loss is higher than before."""
    _, values = member.curve(metric)
    rises = [after > before for before, after in zip(values, values[1:], strict=False)]
    return sum(rises) / len(rises)


def small_weights(member: Member, *, within: float) -> float:
    """Share of the weights, all layers together, that lie within ±within."""
    counts = [(weight.abs() <= within).sum().item() for weight in member.weights]
    return sum(counts) / sum(weight.numel() for weight in member.weights)


def different_units(member: Member) -> float:
    """Share of the first layer's units whose weights no other unit before them has."""
    first = member.weights[0]
    return len(first.unique(dim=0)) / len(first)


def weight_spread(member: Member, *, layer: int) -> float:
    """Standard deviation of a layer's weights, times √fan_in; the first layer is 1."""
    weight = member.weights[layer - 1]
    return weight.std().item() * math.sqrt(weight.shape[1])


def recorded(member: Member, *, name: str) -> float:
    """A number of ``summary.json``, such as ``samples_per_second``."""
    return float(member.summary[name])
