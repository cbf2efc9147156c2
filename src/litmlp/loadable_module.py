"""The parts of a classifier or regressor, and their description in plain data."""

import types
from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from typing import Any, NotRequired, Protocol, Self, TypedDict

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer
from torchmetrics import Metric

from litmlp.construct import check_arguments, construct, resolve
from litmlp.errors import UserError
from litmlp.optimizers import Factors
from litmlp.penalties import Penalty
from litmlp.schedulers import Schedule


class Loss(Protocol):
    """Outputs and targets of a batch → their mean loss, a scalar tensor []."""

    def __call__(self, outputs: Tensor, targets: Tensor, /) -> Tensor: ...


class Parts(TypedDict):
    """The arguments that every classifier and regressor has.

    Args:
        network: any module from features to outputs; it has nothing but the layers.
        loss: a module or a function, see :data:`~litmlp.losses.Takes`.
        output_activation: makes the module between the outputs of the network (logits)
            and its predictions.
        metrics: torchmetrics by the name of their tag: ``accuracy`` → ``accuracy/val``.
        optimizer: makes an optimizer from parameters; by default Adam.
        optimizer_groups: factors of its values by kind of parameter, see
            :data:`~litmlp.optimizers.Factors`.
        scheduler: makes its learning-rate schedule; by default none.
        penalty: a term of the weights that is trained on but is no part of ``loss/…``.
        preprocessing: raw features → numbers and codes; the module keeps it, so that
            its checkpoint predicts from raw rows.
        encoding: numbers and codes → features of the network; it may learn.
    """

    network: nn.Module
    loss: Loss
    output_activation: Callable[[], nn.Module]
    metrics: Mapping[str, Metric]
    optimizer: NotRequired[Callable[[Iterator[nn.Parameter]], Optimizer] | None]
    optimizer_groups: NotRequired[Factors | None]
    scheduler: NotRequired[Schedule | None]
    penalty: NotRequired[Penalty | None]
    preprocessing: NotRequired[nn.Module | None]
    encoding: NotRequired[nn.Module | None]


Description = Mapping[str, Any]
"""Sections ``task``, ``model``, ``loss``, …: plain dicts, lists and values each."""

SECTIONS = {
    "preprocessing": "preprocessing",
    "encoding": "encoding",
    "network": "model",
    "loss": "loss",
    "penalty": "penalty",
    "optimizer": "optimizer",
    "optimizer_groups": "optimizer",
    "scheduler": "scheduler",
}
"""The section that describes each part."""

NO_KEYS: Mapping[str, str] = types.MappingProxyType({})


def build_parts(
    description: Description, *, typed_keys: Mapping[str, str] = NO_KEYS, **given: Any
) -> dict[str, Any]:
    """Build the parts of a module.

    Args:
        description: of the parts that are not given.
        typed_keys: see :func:`~litmlp.construct.construct`.
        given: parts that are built already.

    Raises:
        UserError: a target or a value that is not allowed.
    """
    parts = {}
    for name, section in SECTIONS.items():
        if name in given:
            parts[name] = given[name]
        elif name == "scheduler":
            parts[name] = build_schedule(description[section], typed_keys)
        elif name == "optimizer_groups":
            parts[name] = description[section].get("groups")
        else:
            content = description[section]
            own = ["groups"] if name == "optimizer" else []
            parts[name] = construct(
                content, section, typed_keys=typed_keys, reserved=own
            )
    return parts


def build_schedule(
    content: Mapping[str, Any], typed_keys: Mapping[str, str] = NO_KEYS
) -> Schedule:
    """Build a schedule; keys that torch lacks say when to step it."""
    own = ["interval", "monitor"]
    factory = construct(content, "scheduler", typed_keys=typed_keys, reserved=own)
    return Schedule(
        factory=factory, **{name: content[name] for name in own if name in content}
    )


def constructor_call(
    description: Description, wanted: type, given: Mapping[str, Any]
) -> tuple[type, dict[str, Any]]:
    """Return the class of a described module and the arguments for its constructor.

    Args:
        description: of the whole module.
        wanted: the class, a class above it, or a subclass that is built instead.
        given: arguments that replace those of the description.

    Raises:
        UserError: the module is of another class, or a value is not allowed.
    """
    kind = resolve(description["task"]["_target_"], "task")
    if isinstance(kind, type) and issubclass(wanted, kind):
        kind = wanted
    if not (isinstance(kind, type) and issubclass(kind, wanted)):
        raise UserError(
            f"the checkpoint holds a {kind.__name__}, not a {wanted.__name__}"
        )
    left_out = {"_target_", "name", *given}
    task = {k: v for k, v in description["task"].items() if k not in left_out}
    arguments = check_arguments(kind, construct(task, "task"), "task")
    return kind, {**arguments, **given, **build_parts(description, **given)}


class LoadableModule(LightningModule):
    """A LightningModule that its own checkpoint describes."""

    description: Description | None = None
    """Plain data in the checkpoint, to build the same module again."""

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]  # Lightning's takes any file
        cls,
        checkpoint_path: str | PathLike[str],
        map_location: Any = "cpu",
        *,
        strict: bool = True,
        **arguments: Any,
    ) -> Self:
        """Build the module of a checkpoint, with its weights.

        A module that was trained by a config needs no arguments. For a module that was
        built in Python, give the arguments of its constructor.

        Args:
            checkpoint_path: ``best.ckpt``, ``last.ckpt``, or a file of a callback of
                Lightning.
            map_location: where the weights go.
            strict: whether the checkpoint must have exactly the weights of the module.
            arguments: of the constructor, instead of those in the checkpoint.

        Raises:
            UserError: the checkpoint is of another class, or does not describe its
                module.
        """
        arguments.pop("weights_only", None)  # always true
        content = torch.load(
            checkpoint_path, map_location=map_location, weights_only=True
        )
        state, description = content["state_dict"], content.get("description")
        kind: type[Self] = cls
        if description is not None:
            kind, arguments = constructor_call(description, cls, arguments)
        elif not arguments:
            raise UserError(
                f"{checkpoint_path} does not describe its module: give the arguments "
                f"of {cls.__name__}, network=… and others"
            )
        model = kind(**arguments)
        model.description = description
        like = next(value for value in state.values() if value.is_floating_point())
        model.to(device=like.device, dtype=like.dtype).load_state_dict(state, strict)
        return model
