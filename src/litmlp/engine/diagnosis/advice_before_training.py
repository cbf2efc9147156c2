"""Advice before training: choices of a config that do not go together.

The doctor finds by measurement, at the end of a run, what goes wrong in the training.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from litmlp.engine.config.build import DEFAULT_MAX_EPOCHS
from litmlp.engine.config.complete_config import PER_LAYER
from litmlp.engine.terminal.wording import spoken
from litmlp.losses import Takes

SQUASHING = ("Sigmoid", "Tanh", "Hardsigmoid", "Hardtanh", "Softsign")


@dataclass(frozen=True)
class Choice:
    """An option: the last name of its ``_target_``, and its arguments."""

    kind: str
    options: dict[str, Any]


def advice(config: DictConfig, takes: Takes) -> list[str]:
    """Return one line per mismatch: its effect and, after an arrow, other overrides.

    Args:
        config: of a run.
        takes: what the loss of its model takes.
    """
    return [
        *about_layers(config.model),
        *about_loss(choice_of(config.loss).kind, takes, config.task.name),
        *about_schedule(choice_of(config.scheduler), max_epochs(config.trainer)),
    ]


def choice_of(node: Any) -> Choice:
    """Return a node of a config as a choice; an empty one without ``_target_``."""
    if not isinstance(node, DictConfig):
        return Choice("", {})
    options: Any = OmegaConf.to_container(node, resolve=True)
    return Choice(options.pop("_target_", "").rpartition(".")[2], options)


def max_epochs(trainer: DictConfig) -> float:
    """Return how many epochs the budget allows, infinity if it has another limit."""
    if trainer.max_epochs is None:
        limited = trainer.max_steps != -1 or trainer.max_time is not None
        return math.inf if limited else DEFAULT_MAX_EPOCHS
    limit = float(trainer.max_epochs)  # of the environment, it is a text
    return math.inf if limit == -1 else limit


def about_layers(model: DictConfig) -> Iterator[str]:
    """Yield advice on hidden layers of an MLP, once for all layers that share it."""
    count = len(model.get("hidden_sizes") or [])
    groups = [model.get(group) for group in PER_LAYER]
    each = [g if isinstance(g, ListConfig) else [g] * count for g in groups]
    found: dict[str, list[str]] = defaultdict(list)
    for i, layer in enumerate(zip(*each, strict=True), start=1):
        activation, initializer, batchnorm, dropout = map(choice_of, layer)
        texts = [*about_dropout(dropout.kind, activation.kind)]
        if batchnorm.kind in ("", "Identity"):  # else it corrects their spread
            texts += about_initializer(initializer, activation.kind)
        for text in texts:
            found[text].append(f"layer_{i}")
    for text, names in found.items():
        yield f"{spoken(names)}: {text}"


def about_initializer(initializer: Choice, activation: str) -> Iterator[str]:
    """Yield advice on weights that do not keep the spread of an activation."""
    gain = initializer.options.get("nonlinearity", "leaky_relu")
    gain = gain if "kaiming" in initializer.kind else None
    if activation in SQUASHING and gain in ("relu", "leaky_relu"):
        yield (
            f"He's initializer is made for ReLU, Xavier's for {activation} "
            "→ initializer=xavier_uniform"
        )
    if activation == "SELU" and gain != "linear":
        yield (
            "SELU keeps its spread with LeCun's initializer alone "
            "→ initializer=lecun_normal"
        )


def about_dropout(kind: str, activation: str) -> Iterator[str]:
    """Yield advice on an activation that needs another dropout."""
    if kind == "AlphaDropout" and activation != "SELU":
        yield "alpha_dropout is made for SELU → dropout=dropout"
    if kind in ("Dropout", "FastDropout") and activation == "SELU":
        yield "SELU keeps its spread with its own dropout → dropout=alpha_dropout"


def about_loss(kind: str, takes: Takes, task: str) -> Iterator[str]:
    """Advise against a loss of values for classes."""
    if task != "regression" and takes == "values":
        fit = "cross_entropy" if task == "multiclass" else "binary_cross_entropy"
        yield (
            f"{kind} on classes compares probabilities, and learns little "
            f"from confident mistakes → loss={fit}"
        )


def about_schedule(scheduler: Choice, max_epochs: float) -> Iterator[str]:
    """Yield advice on a learning rate that first changes after the run."""
    options = scheduler.options
    found = options.get("milestones") or [options.get("step_size", 0)]
    changes = [int(number) for number in found]
    if options.get("interval") == "epoch" and 0 < max_epochs <= min(changes):
        third = max(1, int(max_epochs / 3))
        steps = f"step_size={third}"
        if "milestones" in options:
            steps = f"milestones=[{third},{2 * third}]"
        yield (
            f"the learning rate first changes after {min(changes)} epochs, and there "
            f"are {max_epochs:g} → scheduler.{steps}"
        )
