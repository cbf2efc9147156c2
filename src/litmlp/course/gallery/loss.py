"""Losses: value and slope, against the error or the true class's lead."""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from matplotlib.figure import Figure
from torch import Tensor

from litmlp.course.gallery.layout import add_heading, broken, digits, new_page
from litmlp.engine.figures.style import COLORS, new_figure
from litmlp.supervised import Loss

Kind = Literal["regression", "binary", "multiclass"]

ERRORS = (torch.arange(402) - 200.5) / 50  # without 0, where a loss may have a kink
LEADS = torch.linspace(-8, 8, 401)
NUM_CLASSES = 3
OVERVIEW = (
    "Loss (solid) and its slope (dashed) of one row: for real values against the "
    "error, for classes against the lead of the true class's logit."
)


@dataclass(frozen=True)
class Curve:
    """A loss of one row.

    Args:
        kind: the task it is for.
        inputs: ERRORS (output − target), or LEADS of the true class's logit, [points].
        values: the loss [points].
        slopes: its derivative [points].
        probabilities: of the true class [points]; None for regression.
    """

    kind: Kind
    inputs: Tensor
    values: Tensor
    slopes: Tensor
    probabilities: Tensor | None

    def value_at(self, value: float) -> float:
        """The loss at the nearest of ``inputs``."""
        return float(self.values[self.nearest(value)])

    def slope_at(self, value: float) -> float:
        """The slope at the nearest of ``inputs``."""
        return float(self.slopes[self.nearest(value)])

    def nearest(self, value: float) -> Tensor:
        """The index of an input."""
        return (self.inputs - value).abs().argmin()


def measure(loss: Loss) -> Curve:
    """The loss of single rows and its slope by autograd.

    Raises:
        ValueError: it takes the outputs and targets of no task.
    """
    weight = getattr(loss, "weight", None)
    num_classes = NUM_CLASSES if weight is None else len(weight)
    kind = kind_of(loss, num_classes)
    inputs = (ERRORS if kind == "regression" else LEADS).clone().requires_grad_()
    values = torch.stack([of_one_row(loss, kind, x, num_classes) for x in inputs])
    (slopes,) = torch.autograd.grad(values.sum(), inputs)
    # The other logits are 0: e^lead / (e^lead + others).
    others = {"regression": 0, "binary": 1, "multiclass": num_classes - 1}[kind]
    return Curve(
        kind=kind,
        inputs=inputs.detach(),
        values=values.detach(),
        slopes=slopes,
        probabilities=torch.sigmoid(LEADS - math.log(others)) if others else None,
    )


def kind_of(loss: Loss, num_classes: int) -> Kind:
    """The task whose outputs and targets a loss takes, found out by trying.

    Raises:
        ValueError: it takes none.
    """
    logits = torch.zeros(2, num_classes)
    if is_scalar(loss, logits, torch.tensor([0, 1])):
        return "multiclass"
    target, away = torch.tensor([[0.3]]), torch.tensor([[1.0]])
    if is_scalar(loss, target, target) and (
        loss(target, target)
        <= min(loss(target + away, target), loss(target - away, target))
    ):
        return "regression"
    if is_scalar(loss, torch.zeros(2), torch.tensor([0.0, 1.0])):
        return "binary"
    raise ValueError("takes the outputs and targets of no task; see conf/README.md")


def is_scalar(loss: Loss, outputs: Tensor, targets: Tensor) -> bool:
    """Whether the loss takes these, and returns a single number."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of shapes that it then refuses
            return loss(outputs, targets).ndim == 0
    except Exception:  # however a loss refuses what it is not for
        return False


def of_one_row(loss: Loss, kind: Kind, value: Tensor, num_classes: int) -> Tensor:
    """At an error against the target 0, or a lead of the true class's logit."""
    if kind == "regression":
        return loss(value[None, None], torch.zeros(1, 1))
    if kind == "binary":
        return loss(value[None], torch.ones(1))
    zeros = torch.zeros(num_classes - 1)
    return loss(torch.cat([value[None], zeros])[None], torch.zeros(1).long())


def draw(curve: Curve) -> Figure:
    """Loss and slope; for classes also the loss against a probability."""
    return draw_regression(curve) if curve.kind == "regression" else draw_classes(curve)


def draw_regression(curve: Curve) -> Figure:
    """Against the error, beside its absolute value and its square."""
    figure, (left, right) = new_figure(1, 2, width=4.8, height=3.6)
    for name, ls, values, slopes in (
        ("|error|", ":", ERRORS.abs(), ERRORS.sign()),
        ("error²", "--", ERRORS.square(), 2 * ERRORS),
    ):
        left.plot(ERRORS, values, ls, color="0.5", label=name)
        right.plot(ERRORS, broken(slopes), ls, color="0.5", label=name)
    left.plot(ERRORS, curve.values, lw=2.5, color=COLORS[0], label="this loss")
    right.plot(ERRORS, broken(curve.slopes), lw=2.5, color=COLORS[1], label="this loss")
    if broken(curve.slopes).isnan().any():
        left.annotate("kink: its slope jumps", (0, 0), (0, -0.7), ha="center", va="top")
    near, far = (digits(curve.slope_at(error), 2) for error in (0.01, 4))
    left.set_title("loss of a row")
    right.set_title(f"slope: {near} at error 0.01, {far} at error 4")
    left.set(ylim=(-1.6, 9), ylabel="loss")
    right.set(ylim=(-9, 9), ylabel="slope")
    for panel in (left, right):
        panel.set_xlabel("error = output − target")
    left.legend(loc="upper center")
    right.legend(loc="upper left")
    return figure


def draw_classes(curve: Curve) -> Figure:
    """Against the true class's lead, and its probability."""
    assert curve.probabilities is not None
    figure, (left, middle, right) = new_figure(1, 3, width=4.2, height=3.6)
    left.plot(curve.inputs, curve.values, lw=2.5)
    middle.plot(curve.inputs, broken(curve.slopes), lw=2.5, color=COLORS[1])
    right.plot(curve.probabilities, curve.values, lw=2.5, color=COLORS[2])
    wrong, good = (digits(curve.slope_at(lead), 2) for lead in (-8, 8))
    left.set_title(f"loss of a row: {digits(curve.value_at(0))} at lead 0")
    middle.set_title(f"slope: {wrong} at lead −8, {good} at lead 8")
    right.set_title("the same loss against probability")
    for panel in (left, middle):
        panel.axvline(0, color="0.3", lw=1)
        panel.set_xlabel("wrong  ←  lead of the true class's logit  →  right")
        panel.set_xticks(range(-8, 9, 4))
    right.set_xlabel("probability of the true class")
    for panel, label in ((left, "loss"), (middle, "slope"), (right, "loss")):
        panel.set_ylabel(label)
    return figure


def overview(options: Mapping[str, Curve]) -> dict[str, Figure]:
    """Loss and slope of each."""
    figure, axes = new_page(len(options), columns=3, width=3.4, height=2.4)
    for panel, (name, curve) in zip(axes, options.items(), strict=True):
        panel.plot(curve.inputs, curve.values)
        panel.plot(curve.inputs, broken(curve.slopes), "--")
        regression = curve.kind == "regression"
        label = "error" if regression else "lead of the true class's logit"
        panel.set(title=name, xlabel=label, ylim=(-4, 8))
    add_heading(figure, "loss", OVERVIEW)
    return {"loss": figure}
