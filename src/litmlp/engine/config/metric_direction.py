"""The better end of a metric: its smallest or its largest value."""

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from omegaconf import DictConfig, OmegaConf

from litmlp.construct import resolve
from litmlp.errors import UserError, nearest


def best_end(name: str, metrics: DictConfig) -> Literal["min", "max"]:
    """Say whether the smallest or the largest value of a metric is the best.

    Args:
        name: ``loss``, or a key of ``metrics``.
        metrics: of a task's config.
    """
    if name == "loss":
        return "min"
    metric: Any = resolve(metrics[name]._target_, f"task.metrics.{name}")
    of_any_task = metric.__module__.startswith("torchmetrics.classification.")
    if of_any_task and "task" in inspect.signature(metric).parameters:
        metric = metric(task="binary")  # a class that only makes others
    return "max" if getattr(metric, "higher_is_better", False) else "min"


def check_monitors(config: DictConfig, splits: Sequence[str]) -> None:
    """Check that each part of a run watches a metric in its own direction.

    Args:
        config: of a run.
        splits: those that are measured in training.
    """
    names = ["loss", *config.task.metrics]
    allowed = [f"{name}/{split}" for name in names for split in splits]
    for key, tag, mode in monitors(config):
        name, of_run = tag.split("/")[0], key in ("monitor", "scheduler.monitor")
        # For a callback, any other name may be one that another callback logs.
        if tag not in allowed and (of_run or name in names):
            raise UserError(f"{key}={tag}: no such metric. {nearest(tag, allowed)}")
        if tag not in allowed or mode is None:
            continue
        best = best_end(name, config.task.metrics)
        if mode != best:
            mode_key = f"{key.removesuffix('monitor')}mode"
            plus = "" if OmegaConf.select(config, mode_key) else "+"
            raise UserError(
                f"{mode_key}={mode}: the best {name} is its {best}: "
                f"{plus}{mode_key}={best}"
            )


def monitors(config: DictConfig) -> Iterator[tuple[str, str, str | None]]:
    """Yield the key and metric of each monitor, and min or max if it needs one."""
    yield "monitor", str(config.monitor), config.mode
    parts: dict[str, Any] = {"scheduler": config.scheduler}
    parts |= {f"callbacks.{key}": config.callbacks[key] for key in config.callbacks}
    for where, part in parts.items():
        if not isinstance(part, DictConfig) or not part.get("monitor"):
            continue
        target = resolve(part._target_, where)
        argument = inspect.signature(target).parameters.get("mode")
        default = argument.default if argument else None
        yield f"{where}.monitor", str(part.monitor), part.get("mode", default)
