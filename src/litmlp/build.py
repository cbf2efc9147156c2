"""The one door between a config and objects: checked targets, checked values."""

import collections.abc
import functools
import inspect
import re
import types
from collections.abc import Callable, Collection
from contextlib import nullcontext
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import torch
from hydra.utils import get_object
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Trainer
from lightning.pytorch.profilers import PassThroughProfiler
from omegaconf import DictConfig, ListConfig, OmegaConf
from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from torch import Tensor

from litmlp.data.module import Data
from litmlp.errors import UserError, nearest
from litmlp.schedulers import TOTAL, Schedule
from litmlp.supervised import Supervised

ALLOWED = (
    "torch.nn.init.",
    "torch.nn.modules.",
    "torch.optim.",
    "torchmetrics.",
    "lightning.pytorch.callbacks.",
    "lightning.pytorch.loggers.",
    "lightning.pytorch.profilers.",
    "lightning.pytorch.strategies.",
    "lightning.pytorch.trainer.",
    "litmlp.activations.",
    "litmlp.batchnorms.",
    "litmlp.callbacks.",
    "litmlp.classifier.",
    "litmlp.data.",
    "litmlp.encoding.",
    "litmlp.initializers.",
    "litmlp.loggers.",
    "litmlp.losses.",
    "litmlp.mlp.",
    "litmlp.optimizers.",
    "litmlp.penalties.",
    "litmlp.regressor.",
    "litmlp.schedulers.",
)
"""Where a config's ``_target_`` may be defined. Add modules of your own here."""

DEFAULT_MAX_EPOCHS = 100


def build_data(config: DictConfig) -> Data:
    """The data of a config, not read yet."""
    return cast(Data, construct(config.data, "data"))


def build_model(config: DictConfig, data: Data) -> Supervised:
    """The classifier or regressor of a config, with the sizes and names of its data.

    Raises:
        UserError: the task does not fit the targets, or a part does not fit the task.
    """
    task = config.task.name
    if (task == "regression") == bool(data.samples.class_names):
        fit = "multiclass or binary" if task == "regression" else "regression"
        needs = "real-valued targets" if task == "regression" else "classes"
        raise UserError(
            f"task={task} needs {needs}, which these data lack: choose task={fit}"
        )
    config = config.copy()
    torch.manual_seed(config.seeds.initialization)
    preprocessing = data.fitted_preprocessing
    encoding = construct(config.encoding, "encoding")(
        num_numbers=preprocessing.num_numbers,
        cardinalities=preprocessing.cardinalities,
    )
    facts = data.facts | {"num_features": encoding.num_features}
    for node in (config.task, config.model):
        for name in facts:
            if OmegaConf.is_missing(node, name):
                node[name] = facts[name]
    model = construct(
        config.task,
        "task",
        reserved=["name"],
        network=construct(config.model, "model"),
        loss=construct(config.loss, "loss"),
        penalty=construct(config.penalty, "penalty"),
        optimizer=construct(config.optimizer, "optimizer"),
        scheduler=build_schedule(config.scheduler),
        preprocessing=preprocessing,
        encoding=encoding,
    )
    return cast(Supervised, model)


def build_schedule(node: DictConfig) -> Schedule:
    """A scheduler's file says when to step it, too, under keys that torch lacks."""
    reserved = ["interval", "frequency", "monitor"]
    return Schedule(
        factory=construct(node, "scheduler", reserved=reserved),
        **{name: node[name] for name in reserved if name in node},
    )


def build_trainer(config: DictConfig) -> Trainer:
    """The Trainer of a config, with its callbacks and loggers."""
    config = config.copy()
    budget = config.trainer
    if budget.max_epochs is None:
        limited = budget.max_steps != -1 or budget.max_time is not None
        budget.max_epochs = -1 if limited else DEFAULT_MAX_EPOCHS
    trainer = construct(
        budget,
        "trainer",
        callbacks=list(construct(config.callbacks, "callbacks").values()),
        logger=list(construct(config.logger, "logger").values()),
        default_root_dir=config.folder,
        enable_progress_bar=False,  # litmlp.callbacks.progress shows it
        enable_model_summary=False,  # litmlp.training shows it
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        use_distributed_sampler=False,  # litmlp.data.batches shares out the rows
        profiler=NoProfiler(),
    )
    return cast(Trainer, trainer)


class NoProfiler(PassThroughProfiler):
    """Profiles nothing, without a new context manager for each of Lightning's hooks."""

    nothing = nullcontext()

    def profile(self, action_name: str) -> Any:
        return self.nothing


class Factory(functools.partial[Any]):
    """A ``_target_`` with its arguments; errors of a call name the config's key."""

    where: str

    def __call__(self, /, *args: Any, **keywords: Any) -> Any:
        try:
            return super().__call__(*args, **keywords)
        except UserError as error:
            if error.where:
                raise
            raise located(error, self.where) from error
        except (TypeError, ValueError, MisconfigurationException) as error:
            raise located(error, self.where) from error


def located(error: Exception, where: str) -> UserError:
    """The error as a user's mistake under a key of the config."""
    text = str(error)
    starts_with_argument = re.match(r"\w+=", text)
    return UserError(f"{where}{'.' if starts_with_argument else ': '}{text}", where)


def construct(
    node: Any, where: str, *, reserved: Collection[str] = (), **late: Any
) -> Any:
    """The object, factory, dict, list or plain value that a config's node describes.

    Args:
        node: a node with ``_target_`` becomes an object, or a :class:`Factory` with
            ``_partial_: true``; other nodes are taken as they are.
        where: the node's key, for messages.
        reserved: keys of the node that are not for its target.
        late: arguments that no config can hold.

    Raises:
        UserError: a target that is not allowed, an argument that it does not have, a
            value of the wrong type, a value left open, or a value that it refuses.
    """
    if isinstance(node, ListConfig):
        return [
            construct(node[i], origin(node, i, f"{where}[{i}]"))
            for i in range(len(node))
        ]
    if not isinstance(node, DictConfig):
        return node
    values = {}
    for key in map(str, node):
        if key in ("_target_", "_partial_", *reserved):
            continue
        if OmegaConf.is_missing(node, key):
            raise UserError(f"{where}.{key} is needed: give {where}.{key}=…")
        values[key] = construct(node[key], origin(node, key, f"{where}.{key}"))
    if "_target_" not in node:
        return values
    target = resolve(node._target_, where)
    factory = Factory(target, **checked_arguments(target, values, where), **late)
    factory.where = where
    return factory if node.get("_partial_", False) else factory()


def origin(node: DictConfig | ListConfig, key: Any, where: str) -> str:
    """The key that a user would type: ``${activation}`` is set as activation.…"""
    raw = OmegaConf.to_container(node, resolve=False)[key]  # type: ignore[index]  # a list or dict by its own key
    if isinstance(raw, str) and raw.startswith("${") and raw[2:-1].isidentifier():
        return raw[2:-1]
    return where


def resolve(path: str, where: str) -> Callable[..., Any]:
    """The class or function of a ``_target_``, judged by where it is defined.

    Raises:
        UserError: it does not exist, or it is not defined in a module of ALLOWED.
    """
    roots = {allowed.split(".")[0] for allowed in ALLOWED}
    refusal = UserError(
        f"{where}._target_={path} is not allowed: a target must be defined in one of "
        f"{', '.join(name.rstrip('.') for name in ALLOWED)}. Add a module of your own "
        "to ALLOWED in src/litmlp/build.py"
    )
    if str(path).split(".")[0] not in roots:
        raise refusal
    try:
        target = get_object(path)
    except Exception as error:
        raise UserError(f"{where}._target_={path} cannot be found: {error}") from error
    home = f"{getattr(target, '__module__', '')}.{getattr(target, '__qualname__', '')}"
    is_public = "." not in getattr(target, "__qualname__", ".")
    if not (inspect.isclass(target) or inspect.isfunction(target)) or not is_public:
        raise refusal
    if not home.startswith(ALLOWED):
        raise refusal
    return cast(Callable[..., Any], target)


def checked_arguments(
    target: Callable[..., Any], values: dict[str, Any], where: str
) -> dict[str, Any]:
    """The values, each as its parameter's annotation wants it.

    Raises:
        UserError: the target has no such parameter, or the value is of another type.
    """
    parameters = inspect.signature(target).parameters
    names = [name for name in parameters if name not in ("args", "kwargs")]
    try:
        hints = get_type_hints(target.__init__ if inspect.isclass(target) else target)
    except NameError:  # an annotation that exists for type checkers alone
        hints = {}
    for name, value in values.items():
        if name not in names and "kwargs" not in parameters:
            raise UserError(
                f"{where}.{name}: {target.__name__} has no such argument. "
                f"{nearest(name, names)}"
            )
        if name in hints and value != TOTAL:
            values[name] = checked_value(value, hints[name], f"{where}.{name}")
    return values


def checked_value(value: Any, hint: Any, where: str) -> Any:
    """The value as the annotation wants it, such as a tuple or tensor for a list.

    Raises:
        UserError: it is of another type.
    """
    kinds = get_args(hint) or (hint,)
    if Tensor in kinds and isinstance(value, list):
        return torch.tensor(value)
    try:
        accepted = adapter(hint).validate_python(value)
    except PydanticUserError:  # an annotation that cannot be checked
        return value
    except ValidationError as error:
        if get_origin(hint) is Literal:
            choices = [str(choice) for choice in kinds]
            raise UserError(
                f"{where}={value}: no such choice. {nearest(str(value), choices)}"
            ) from error
        raise UserError(
            f"{where}={value}: expected {readable(hint)}, got {type(value).__name__}"
        ) from error
    plain = (bool, int, float, str, tuple, list)
    return accepted if isinstance(accepted, plain) else value


def readable(hint: Any) -> str:
    """An annotation as a person would say it.

    >>> readable(int | None)
    'int or null'
    """
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(map(readable, get_args(hint)))
    if hint is type(None):
        return "null"
    if get_origin(hint) in (list, collections.abc.Sequence):
        return f"a list of {readable(get_args(hint)[0])}"
    return str(getattr(hint, "__name__", hint))


@functools.cache
def adapter(hint: Any) -> TypeAdapter[Any]:
    """A checker for an annotation; modules and tensors are checked by their class."""
    return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))
