"""The one door between a config and objects: checked targets, checked values."""

import collections.abc
import contextlib
import functools
import inspect
import pkgutil
import re
import types
from collections.abc import Callable, Collection, Mapping
from typing import Any, Unpack, get_args, get_origin, get_type_hints

from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import (
    Callback,
    LightningDataModule,
    LightningModule,
    Trainer,
)
from lightning.pytorch.loggers import Logger
from lightning.pytorch.profilers import Profiler
from lightning.pytorch.strategies import Strategy
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torchmetrics import Metric

from litmlp.errors import UserError, nearest
from litmlp.own_packages import OWN_PACKAGES
from litmlp.schedulers import TOTAL
from litmlp.value_checks import check_value

ALLOWED: dict[str, type | tuple[type, ...]] = {
    "torch.nn.init.": types.FunctionType,
    "torch.nn.modules.": nn.Module,
    "torch.optim.": (Optimizer, LRScheduler),
    "torchmetrics.classification.": Metric,
    "torchmetrics.regression.": Metric,
    "lightning.pytorch.callbacks.": Callback,
    "lightning.pytorch.loggers.": Logger,
    "lightning.pytorch.profilers.": Profiler,
    "lightning.pytorch.strategies.": Strategy,
    "lightning.pytorch.trainer.": Trainer,
    "litmlp.activations.": nn.Module,
    "litmlp.batchnorms.": nn.Module,
    "litmlp.callbacks.": Callback,
    "litmlp.classifier.": LightningModule,
    "litmlp.data.": LightningDataModule,
    "litmlp.data.preprocessing.": nn.Module,
    "litmlp.data.scaling.": nn.Module,
    "litmlp.distributions.": nn.Module,
    "litmlp.dropouts.": nn.Module,
    "litmlp.encoding.": nn.Module,
    "litmlp.ensemble.": nn.Module,
    "litmlp.initializers.": types.FunctionType,
    "litmlp.engine.folder.loggers.": Logger,
    "litmlp.course.lessons.claims.": type,
    "litmlp.course.lessons.lesson.": type,
    "litmlp.course.lessons.measures.": types.FunctionType,
    "litmlp.input_scales.": nn.Module,
    "litmlp.losses.": (nn.Module, types.FunctionType),
    "litmlp.metrics.": Metric,
    "litmlp.mlp.": nn.Module,
    "litmlp.multilabel.": LightningModule,
    "litmlp.numeric_embeddings.": nn.Module,
    "litmlp.optimizers.": Optimizer,
    "litmlp.penalties.": type,
    "litmlp.regressor.": LightningModule,
    "litmlp.schedulers.": (types.FunctionType, LRScheduler),
    "optuna.pruners.": type,
    "optuna.samplers.": type,
}
"""Modules in which a config's ``_target_`` may be defined, and the kind of target: a
subclass of a class, any class for ``type``, a function for ``FunctionType``, either for
``object``. A package of your own is listed in ``pyproject.toml``."""

MOVED = {
    "litmlp.loggers.": "litmlp.engine.folder.loggers.",
    "litmlp.lessons.": "litmlp.course.lessons.",
    "litmlp.data.rows.": "litmlp.data.config_rows.",
    "litmlp.embeddings.": "litmlp.numeric_embeddings.",
    "litmlp.callbacks.results.": "litmlp.callbacks.result_figures.",
    "litmlp.callbacks.dashboard.": "litmlp.callbacks.tensorboard_layout.",
}
"""New names of modules that the configs of older run folders name."""

MISSING = "???"
"""The text that stands for a value which has to be given."""

REFUSALS = (
    *(TypeError, ValueError, RuntimeError, MisconfigurationException),
    ImportError,  # of a package that an option needs
)
"""Errors by which constructors refuse a value."""


class Factory(functools.partial[Any]):
    """A ``_target_`` with its arguments; errors of a call name the config's key.

    Attributes:
        where: the config's key.
    """

    where: str

    def __call__(self, /, *args: Any, **keywords: Any) -> Any:
        try:
            return super().__call__(*args, **keywords)
        except UserError as error:
            if error.where:
                raise
            raise located(error, self.where) from error
        except REFUSALS as error:
            raise located(error, self.where) from error


def located(error: Exception, where: str) -> UserError:
    """Make an error a user's mistake under a key of the config."""
    text = str(error)
    starts_with_argument = re.match(r"\w+=", text)
    return UserError(f"{where}{'.' if starts_with_argument else ': '}{text}", where)


def construct(
    content: Any,
    where: str,
    *,
    typed_keys: Mapping[str, str] = types.MappingProxyType({}),
    reserved: Collection[str] = (),
    **late: Any,
) -> Any:
    """Build the object, factory, dict, list or plain value that a content describes.

    Args:
        content: plain dicts, lists and values, as YAML holds them. A dict with
            ``_target_`` becomes an object, or a :class:`Factory` with
            ``_partial_: true``; others are taken as they are.
        where: the content's key, for messages.
        typed_keys: the key that a user types for a part, by the key where the part is.
        reserved: keys of the content that are not for its target.
        late: arguments that no config can hold.

    Raises:
        UserError: a target that is not allowed, an argument that it does not have, a
            value of the wrong type, a value left open, or a value that it refuses.
    """
    where = typed_keys.get(where, where)
    if content == MISSING:
        raise UserError(f"{where} is needed: give {where}=…")
    if isinstance(content, list):
        return [
            construct(value, f"{where}[{index}]", typed_keys=typed_keys)
            for index, value in enumerate(content)
        ]
    if not isinstance(content, dict):
        return content
    if taken := sorted(late.keys() & content.keys() - set(reserved)):
        raise UserError(f"{where}.{taken[0]} is set by litmlp: leave it out")
    values = {
        key: construct(value, f"{where}.{key}", typed_keys=typed_keys)
        for key, value in content.items()
        if key not in ("_target_", "_partial_", *reserved)
    }
    if "_target_" not in content:
        return values
    target = resolve(content["_target_"], where)
    factory = Factory(target, **check_arguments(target, values, where), **late)
    factory.where = where
    return factory if content.get("_partial_") is True else factory()


def resolve(path: str, where: str) -> Callable[..., Any]:
    """Find the class or function of a ``_target_``, judged by where it is defined.

    Raises:
        UserError: the target does not exist, or it is not allowed.
    """
    if not isinstance(path, str):
        raise UserError(f"{where}._target_={path}: expected the name of a class")
    for old, new in MOVED.items():
        if path.startswith(old):
            path = path.replace(old, new, 1)
    allowed = ALLOWED | {f"{package}.": object for package in OWN_PACKAGES}
    roots = {prefix.split(".")[0] for prefix in allowed}
    refusal = UserError(
        f"{where}._target_={path} is not allowed: a target must be a class or function "
        f"of {', '.join(prefix.rstrip('.') for prefix in allowed)}. List a package of "
        'your own in pyproject.toml: [tool.litmlp] packages = ["mine"]'
    )
    if path.split(".")[0] not in roots:
        raise refusal
    try:
        target = pkgutil.resolve_name(path)
    except UserError:
        raise  # of a class of the user's own, while its module is imported
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"{where}._target_={path} cannot be found: {error}") from error
    if not isinstance(target, type | types.FunctionType):
        raise refusal
    home = f"{target.__module__}.{target.__qualname__}"
    for prefix, kinds in allowed.items():
        fits = any(
            isinstance(target, kind)
            if kind in (object, type, types.FunctionType)
            else isinstance(target, type) and issubclass(target, kind)
            for kind in (kinds if isinstance(kinds, tuple) else (kinds,))
        )
        public = "." not in target.__qualname__ and not target.__name__.startswith("_")
        if home.startswith(prefix) and fits and public:
            return target
    raise refusal


def check_arguments(
    target: Callable[..., Any], values: dict[str, Any], where: str
) -> dict[str, Any]:
    """Check values against their parameters' annotations; returns converted values.

    Raises:
        UserError: the target has no such parameter, or the value is of another type.
    """
    names, hints, takes_any = arguments_of(target)
    for name, value in values.items():
        if name not in names and not takes_any:
            raise UserError(
                f"{where}.{name}: {target.__name__} has no such argument. "
                f"{nearest(name, names)}; to take it out: ~{where}.{name}"
            )
        late = where == "scheduler" and value == TOTAL
        if name in hints and not late:
            values[name] = check_value(value, hints[name], f"{where}.{name}")
    return values


@functools.cache
def arguments_of(
    target: Callable[..., Any],
) -> tuple[list[str], dict[str, Any], bool]:
    """Return names and annotations of a target's arguments, and if it takes others."""
    parameters = inspect.signature(target).parameters.values()
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    names = [p.name for p in parameters if p.kind not in variable]
    hints = hints_of(target.__init__ if inspect.isclass(target) else target)
    takes_any = False
    for parameter in parameters:
        if parameter.kind is parameter.VAR_KEYWORD:
            hint = hints.pop(parameter.name, None)
            takes_any = get_origin(hint) is not Unpack
            if not takes_any:  # **parts: Unpack[Parts], whose names Parts lists
                named = get_type_hints(*get_args(hint))
                names, hints = [*names, *named], hints | named
    return names, hints, takes_any


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of parameters that can be evaluated at run time."""
    function = inspect.unwrap(function)
    # Many modules import the names of abstract classes for type checkers alone.
    names = vars(collections.abc) | getattr(function, "__globals__", {})
    hints: dict[str, Any] = {}
    for name, annotation in getattr(function, "__annotations__", {}).items():
        alone = types.SimpleNamespace(__annotations__={name: annotation})
        with contextlib.suppress(NameError):
            hints |= get_type_hints(alone, names)
    return hints
