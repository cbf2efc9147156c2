"""Advice before training: choices of a config that do not go together."""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from torch import nn

from litmlp.construct import resolve
from litmlp.engine.config.build import DEFAULT_MAX_EPOCHS
from litmlp.engine.config.complete import PER_LAYER
from litmlp.engine.terminal.wording import percent, spoken
from litmlp.losses import taken_by

SQUASHING = ("Sigmoid", "Tanh", "Hardsigmoid", "Hardtanh", "Softsign")
RECTIFYING = ("ReLU", "ReLU6", "LeakyReLU", "PReLU", "RReLU", "ELU", "GELU", "SiLU")

OF_MODEL = (
    *PER_LAYER,
    *("bias_initializer", "output_initializer", "output_bias_initializer"),
)
"""Groups of options that a model takes by reference."""

REFERENCE = re.compile(r"\$\{(\w+)")

DEEP = 4
"""Hidden layers from which a small loss of gradient per layer adds up."""

USUAL_RATES = dict.fromkeys(("Adam", "AdamW", "NAdam", "RAdam", "RMSprop"), (1e-5, 0.1))
USUAL_RATES |= {"SGD": (1e-4, 3.0), "Adagrad": (1e-4, 1.0), "Adamax": (1e-5, 0.1)}
"""The lowest and the highest learning rates that are recommended."""


@dataclass(frozen=True)
class Choice:
    """An option: the last name of its ``_target_``, and its arguments."""

    kind: str
    options: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class HiddenLayer:
    """A hidden layer in the config; the inputs of the first layer are not known yet."""

    name: str
    num_inputs: int | None
    size: int
    activation: Choice
    initializer: Choice
    batchnorm: Choice
    dropout: Choice


def advice(
    config: DictConfig, network: nn.Module, typed: Collection[str] = ()
) -> list[str]:
    """Return one line per mismatch: its effect and, after an arrow, other overrides.

    Args:
        config: complete, as it is trained.
        network: built from the config.
        typed: top-level keys of the config that a user has set.
    """
    layers = hidden_layers(config.model)
    return [
        *about_ignored(config, typed),
        *about_each(layers),
        *about_depth(layers),
        *about_batchnorm(layers, network, config.data.batch_size),
        *about_loss(config.loss._target_, config.task.name),
        *about_optimizer(choice_of(config.optimizer), choice_of(config.penalty)),
        *about_schedule(choice_of(config.scheduler), max_epochs(config.trainer)),
    ]


def choice_of(node: Any) -> Choice:
    """Return a node of a config as a choice; an empty one without ``_target_``."""
    if not isinstance(node, DictConfig):
        return Choice("", {})
    options: Any = OmegaConf.to_container(node, resolve=True)
    return Choice(options.pop("_target_", "").rpartition(".")[2], options)


def hidden_layers(model: DictConfig) -> list[HiddenLayer]:
    """Return the hidden layers of an MLP's config; of another network, none."""
    sizes = model.get("hidden_sizes") or []
    choices = {group: choices_of(model.get(group), len(sizes)) for group in PER_LAYER}
    layers = []
    for i, size in enumerate(sizes):
        own = {group: each[i] for group, each in choices.items()}
        inputs = sizes[i - 1] if i else None
        layers.append(
            HiddenLayer(name=f"layer_{i + 1}", num_inputs=inputs, size=size, **own)
        )
    return layers


def choices_of(choice: Any, layers: int) -> list[Choice]:
    """Return one choice per layer; a single choice counts for all layers."""
    if isinstance(choice, ListConfig):
        return [choice_of(own) for own in choice]
    return [choice_of(choice)] * layers


def max_epochs(trainer: DictConfig) -> float:
    """Return how many epochs the budget allows, infinity if it has another limit."""
    if trainer.max_epochs is None:
        limited = trainer.max_steps != -1 or trainer.max_time is not None
        return math.inf if limited else DEFAULT_MAX_EPOCHS
    return math.inf if trainer.max_epochs == -1 else trainer.max_epochs


def about_ignored(config: DictConfig, typed: Collection[str]) -> Iterator[str]:
    """Yield advice on choices that no layer takes."""
    raw: Any = OmegaConf.to_container(config, resolve=False)
    used: set[str] = set()
    texts = [str(raw["model"])]
    while texts:
        new = set(REFERENCE.findall(texts.pop())) - used
        used |= new
        texts += [str(raw.get(key)) for key in new]
    if raw["model"].get("hidden_sizes") == []:
        used -= {*PER_LAYER}
    if ignored := [key for key in OF_MODEL if key in typed and key not in used]:
        yield (
            f"{' and '.join(ignored)}: no layer takes this choice, so it changes "
            "nothing → leave it out"
        )


def about_each(layers: Sequence[HiddenLayer]) -> Iterator[str]:
    """Yield advice on single layers, once for all layers that share it."""
    found: dict[str, list[str]] = defaultdict(list)
    for layer in layers:
        for text in (*about_initializer(layer), *about_dropout(layer)):
            found[text].append(layer.name)
    for text, names in found.items():
        yield f"{spoken(names)}: {text}"


def about_initializer(layer: HiddenLayer) -> Iterator[str]:
    """Yield advice on weights that start equal, or do not fit the activation."""
    kind, options = layer.initializer.kind, layer.initializer.options
    activation, cure = layer.activation.kind, f"→ initializer={suited(layer)}"
    gain = options.get("nonlinearity", "leaky_relu") if "kaiming" in kind else None
    if kind in ("zeros_", "ones_", "constant_") and layer.size > 1:
        yield f"all units start alike and learn the same {cure}"
    if not is_bare(layer):
        return
    if activation in SQUASHING and gain in ("relu", "leaky_relu"):
        yield f"He's initializer is made for ReLU, Xavier's for {activation} {cure}"
    if activation == "SELU" and gain != "linear":
        yield f"SELU keeps its spread with LeCun's initializer alone {cure}"
    if kind == "normal_" and layer.num_inputs:
        growth = options.get("std", 1.0) * math.sqrt(layer.num_inputs)
        if growth > 4:
            yield f"activations get some {growth:.0f} times as wide {cure}"


def suited(layer: HiddenLayer) -> str:
    """Return the initializer that keeps the spread of the layer's activation."""
    if layer.activation.kind == "SELU":
        return "lecun_normal"
    squashing = layer.activation.kind in SQUASHING
    return "xavier_uniform" if squashing else "kaiming_uniform"


def is_bare(layer: HiddenLayer) -> bool:
    """Return whether no batchnorm corrects the spread of the activations."""
    return layer.batchnorm.kind in ("", "Identity")


def about_dropout(layer: HiddenLayer) -> Iterator[str]:
    """Yield advice on too few units, or an activation that needs another dropout."""
    kind, p = layer.dropout.kind, layer.dropout.options.get("p", 0)
    plain = kind in ("Dropout", "FastDropout")
    if (plain or kind == "AlphaDropout") and p**layer.size > 0.01:
        units = "both units" if layer.size == 2 else f"all {layer.size} units"
        share = percent(p**layer.size)
        yield f"dropout silences {units} in {share} of the rows → dropout=none"
    if kind == "AlphaDropout" and layer.activation.kind != "SELU":
        yield "alpha_dropout is made for SELU → dropout=dropout"
    if plain and layer.activation.kind == "SELU":
        yield "SELU keeps its spread with its own dropout → dropout=alpha_dropout"


def about_depth(layers: Sequence[HiddenLayer]) -> Iterator[str]:
    """Yield advice on effects that add up over layers without batchnorm."""
    bare = [layer for layer in layers if is_bare(layer)]
    sigmoid = [layer.name for layer in bare if layer.activation.kind == "Sigmoid"]
    if len(sigmoid) >= DEEP:
        yield (
            f"{spoken(sigmoid)}: the slope of a sigmoid is at most 0.25, so hardly any "
            "gradient reaches the first layers → activation=relu"
        )
    halving = [
        layer.name
        for layer in bare
        if layer.activation.kind in RECTIFYING
        and layer.initializer.kind in ("xavier_uniform_", "xavier_normal_")
        and layer.initializer.options.get("gain", 1) == 1
    ]
    if len(halving) > DEEP:
        yield (
            f"{spoken(halving)}: Xavier's initializer lets ReLU and its like halve the "
            "variance per layer → initializer=kaiming_uniform"
        )


def about_batchnorm(
    layers: Sequence[HiddenLayer], network: nn.Module, batch_size: int | str
) -> Iterator[str]:
    """Yield advice on small batches, and on modules that should not come before."""
    normed = [i for i, layer in enumerate(layers) if not is_bare(layer)]
    if normed and isinstance(batch_size, int) and batch_size < 8:
        yield (
            f"batchnorm takes mean and variance from {batch_size} rows "
            "→ data.batch_size=32"
        )
    before = layers[: max(normed, default=0)]
    if dropped := [la.name for la in before if la.dropout.options.get("p")]:
        only_last = ",".join(["none"] * (len(layers) - 1) + ["dropout"])
        yield (
            f"{spoken(dropped)}: after dropout a batchnorm sees another variance in "
            "training than in evaluation (https://arxiv.org/abs/1801.05134) "
            f"→ model.dropout=[{only_last}]"
        )
    stacks = [
        module for module in network.modules() if isinstance(module, nn.Sequential)
    ]
    for first, second in (pair for stack in stacks for pair in pairwise(stack)):
        biased = isinstance(first, nn.Linear) and first.bias is not None
        if biased and isinstance(second, nn.BatchNorm1d):
            yield "a bias right before a batchnorm does nothing → Linear(…, bias=False)"
            return


def about_loss(target: str, task: str) -> Iterator[str]:
    """Advise against a loss of values for classes."""
    loss = resolve(target, "loss")
    if task != "regression" and taken_by(loss, "class_logits") == "values":
        fit = "binary_cross_entropy" if task == "binary" else "cross_entropy"
        yield (
            f"{loss.__name__} on classes compares probabilities, and learns little "
            f"from confident mistakes → loss={fit}"
        )


def about_optimizer(optimizer: Choice, penalty: Choice) -> Iterator[str]:
    """Yield advice on unusual learning rates, and weights that shrink twice."""
    low, high = USUAL_RATES.get(optimizer.kind, (0.0, math.inf))
    lr = optimizer.options.get("lr", low)
    if not low <= lr <= high:
        usual = f"{optimizer.kind} usually takes {low:g} to {high:g}"
        yield f"{usual} → optimizer.lr={low if lr < low else high:g}"
    if optimizer.options.get("weight_decay") and penalty.kind in ("L2", "ElasticNet"):
        yield (
            "weights are shrunk twice, by the penalty and by the optimizer's "
            "weight_decay → penalty=none or optimizer.weight_decay=0"
        )


def about_schedule(scheduler: Choice, max_epochs: float) -> Iterator[str]:
    """Yield advice on a learning rate that first changes after the run."""
    options = scheduler.options
    changes = options.get("milestones") or [options.get("step_size", 0)]
    if options.get("interval") == "epoch" and 0 < max_epochs <= min(changes):
        third = max(1, int(max_epochs / 3))
        steps = f"step_size={third}"
        if "milestones" in options:
            steps = f"milestones=[{third},{2 * third}]"
        yield (
            f"the learning rate first changes after {min(changes)} epochs, and there "
            f"are {max_epochs:g} → scheduler.{steps}"
        )
