"""Hooks that a step of the training has to call, of all that Lightning has."""

from collections.abc import Callable
from typing import Any

from lightning.pytorch import Callback, LightningDataModule, Trainer
from lightning.pytorch.plugins.precision import MixedPrecision, Precision
from lightning.pytorch.profilers import PassThroughProfiler
from lightning.pytorch.strategies import SingleDeviceStrategy

HOOKS = (
    "on_train_batch_start",
    "on_before_zero_grad",
    "on_before_backward",
    "on_after_backward",
    "on_before_optimizer_step",
    "on_train_batch_end",
)
"""Hooks of callbacks in a step."""

TRANSFERS = ("transfer_batch_to_device", "on_after_batch_transfer")
"""Hooks of data that may change a batch, such as images that are flipped."""

OF_MODEL = ("training_step", "on_train_batch_end")
NEVER_CALLED = (
    *(hook for hook in HOOKS if hook not in OF_MODEL),
    *("on_before_batch_transfer", *TRANSFERS),
    *("backward", "optimizer_step", "optimizer_zero_grad"),
)
"""Hooks of a model that a quick step leaves out: nobody may override them."""

LIGHTNING = ("lightning",)
KNOWN = (*LIGHTNING, __name__.partition(".")[0])
"""Packages whose hooks log nothing through Lightning while a step is under way."""


def hooks_of_step(trainer: Trainer) -> dict[str, list[Callable[..., Any]]] | None:
    """Return the callbacks' hooks that do something, by name; None for other steps.

    Other steps are profiled, accumulate or scale gradients, or use several devices.
    """
    precision, profiler = trainer.precision_plugin, trainer.profiler  # type: ignore[attr-defined]  # set by Lightning, not declared
    is_plain = (
        type(trainer.strategy) is SingleDeviceStrategy
        and type(precision) in (Precision, MixedPrecision)
        and getattr(precision, "scaler", None) is None
        and isinstance(profiler, PassThroughProfiler)
        and trainer.accumulate_grad_batches == 1
        and trainer.lightning_module.automatic_optimization
    )
    callbacks = trainer.callbacks  # type: ignore[attr-defined]  # as above
    hooks = {
        name: [getattr(c, name) for c in callbacks if is_own(c, name, Callback)]
        for name in HOOKS
    }
    return hooks if is_plain else None


def changes_batches(trainer: Trainer) -> bool:
    """Return whether a batch moves to a device, or is changed on its way."""
    data = trainer.datamodule  # type: ignore[attr-defined]  # as above
    return trainer.strategy.root_device.type != "cpu" or any(
        is_own(data, name, LightningDataModule) for name in TRANSFERS if data
    )


def is_own(part: Any, name: str, base: type) -> bool:
    """Return whether an object has a method of its own, as ``LambdaCallback`` has."""
    method = getattr(part, name)
    return getattr(method, "__func__", method) is not getattr(base, name)


def others_in_step(trainer: Trainer) -> list[str]:
    """Return the names of classes from elsewhere that take part in a step."""
    model, data = trainer.lightning_module, trainer.datamodule  # type: ignore[attr-defined]  # as above
    parts: list[tuple[Any, tuple[str, ...], tuple[str, ...]]] = [
        (model, NEVER_CALLED, LIGHTNING),
        (model, OF_MODEL, KNOWN),
        *((callback, HOOKS, KNOWN) for callback in trainer.callbacks),  # type: ignore[attr-defined]  # as above
    ]
    if data:
        parts += [(data, ("on_before_batch_transfer",), LIGHTNING)]
        parts += [(data, TRANSFERS, KNOWN)]
    names = {
        type(part).__name__
        for part, hooks, packages in parts
        for hook in hooks
        if getattr(part, hook).__module__.partition(".")[0] not in packages
    }
    return sorted(names)
