"""The better end of a metric: its smallest or its largest value."""

from typing import Literal

from omegaconf import DictConfig

from litmlp.construct import resolve


def best_end(name: str, metrics: DictConfig) -> Literal["min", "max"]:
    """Say whether the smallest or the largest value of a metric is the best.

    Args:
        name: ``loss``, or a key of ``metrics``.
        metrics: of a task's config.
    """
    if name == "loss":
        return "min"
    metric = resolve(metrics[name]._target_, f"task.metrics.{name}")
    return "max" if getattr(metric, "higher_is_better", False) else "min"
