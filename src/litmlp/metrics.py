"""Metrics that torchmetrics lacks, and which of their values are good."""

from typing import Literal

import torch
from omegaconf import DictConfig
from torch import Tensor
from torchmetrics import regression

from litmlp.engine.config.construct import resolve


class R2Score(regression.R2Score):
    """R²; not a number for a single row, where torchmetrics raises an error."""

    def compute(self) -> Tensor:
        if self.total < 2:
            return torch.tensor(torch.nan, device=self.device)
        return super().compute()


def best_end(name: str, metrics: DictConfig) -> Literal["min", "max"]:
    """Whether the smallest or the largest value of a metric is the best.

    Args:
        name: ``loss``, or a key of ``metrics``.
        metrics: of a task's config.
    """
    if name == "loss":
        return "min"
    metric = resolve(metrics[name]._target_, f"task.metrics.{name}")
    return "max" if getattr(metric, "higher_is_better", False) else "min"
