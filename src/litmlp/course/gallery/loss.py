"""Losses: value and slope, against the error or the true class's lead."""

import math
from dataclasses import dataclass

import torch
from matplotlib.figure import Figure
from torch import Tensor

from litmlp.course.gallery.labels import broken, digits
from litmlp.distributions import Distribution
from litmlp.engine.figures.style import COLORS, new_figure
from litmlp.errors import UserError
from litmlp.loadable_module import Loss
from litmlp.losses import FocalLoss, taken_by

ERRORS = (torch.arange(402) - 200.5) / 50  # without 0, where a loss may have a kink
LEADS = torch.linspace(-8, 8, 401)
NUM_CLASSES = 3
BINARY = ("binary_logit", "signed_logit")


@dataclass(frozen=True)
class Curve:
    """The loss of one row, and its slope, over ERRORS or LEADS [points]."""

    inputs: Tensor  # the error, output − target, or the lead of the true class's logit
    values: Tensor
    slopes: Tensor
    probabilities: Tensor | None  # of the true class; None for regression

    def at(self, value: float) -> tuple[float, float]:
        """Return the loss and its slope at the nearest of ``inputs``."""
        nearest = (self.inputs - value).abs().argmin()
        return float(self.values[nearest]), float(self.slopes[nearest])


def measure(loss: Loss) -> Curve:
    """Measure the loss of single rows, and its slope by autograd.

    A function of your own without ``takes`` counts as a loss of real values.

    Raises:
        UserError: the loss does not accept the outputs and targets of its task.
    """
    takes = taken_by(loss, "class_logits" if isinstance(loss, FocalLoss) else "values")
    weight = getattr(loss, "weight", None)
    num_classes = NUM_CLASSES if weight is None else len(weight)
    target = {"class_logits": torch.zeros(1).long(), "values": torch.zeros(1, 1)}

    def of_one_row(value: Tensor) -> Tensor:
        if takes == "class_logits":
            value = torch.cat([value[None], torch.zeros(num_classes - 1)])
        elif isinstance(loss, Distribution):
            value = torch.cat([value[None], torch.zeros(loss.num_parameters - 1)])
        shaped = value.view(1) if takes in BINARY else value.view(1, -1)
        return loss(shaped, target.get(takes, torch.ones(1)))

    inputs = (ERRORS if takes == "values" else LEADS).clone().requires_grad_()
    try:
        values = torch.stack([of_one_row(x) for x in inputs])
        (slopes,) = torch.autograd.grad(values.sum(), inputs)
    except (TypeError, RuntimeError) as error:
        raise UserError(
            "takes the outputs and targets of no task; see conf/README.md"
        ) from error
    # The other logits are 0: e^lead / (e^lead + others).
    others = 1 if takes in BINARY else num_classes - 1
    of_true_class = torch.sigmoid(LEADS - math.log(others))
    probabilities = None if takes == "values" else of_true_class
    return Curve(inputs.detach(), values.detach(), slopes, probabilities)


def draw(curve: Curve) -> Figure:
    """Draw loss and slope; for classes also the loss against the probability."""
    if curve.probabilities is None:
        return draw_regression(curve)
    return draw_classes(curve, curve.probabilities)


def draw_regression(curve: Curve) -> Figure:
    """Draw them against the error, beside its absolute value and its square."""
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
    near, far = (digits(curve.at(error)[1], 2) for error in (0.01, 4))
    left.set_title("loss of a row")
    right.set_title(f"slope: {near} at error 0.01, {far} at error 4")
    left.set(ylim=(-1.6, 9), ylabel="loss")
    right.set(ylim=(-9, 9), ylabel="slope")
    for panel in (left, right):
        panel.set_xlabel("error = output − target")
    left.legend(loc="upper center")
    right.legend(loc="upper left")
    return figure


def draw_classes(curve: Curve, probabilities: Tensor) -> Figure:
    """Draw them against the lead of the true class, and against its probability."""
    figure, (left, middle, right) = new_figure(1, 3, width=4.2, height=3.6)
    left.plot(curve.inputs, curve.values, lw=2.5)
    middle.plot(curve.inputs, broken(curve.slopes), lw=2.5, color=COLORS[1])
    right.plot(probabilities, curve.values, lw=2.5, color=COLORS[2])
    wrong, good = (digits(curve.at(lead)[1], 2) for lead in (-8, 8))
    left.set_title(f"loss of a row: {digits(curve.at(0)[0])} at lead 0")
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
