"""The runs' hyperparameters as columns, beside the rows of their weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from litmlp.engine.vectorized.stack import Tensors


@dataclass(frozen=True)
class Values:
    """Holds the hyperparameters of all runs' optimizers.

    Args:
        columns: numbers that may differ, [K, 1] in double precision each. A pair such
            as ``betas`` has two columns, ``betas0`` and ``betas1``.
        same: by name, a value that is no number and the same for all runs; for a
            number, whether it is not zero for some run.
    """

    columns: Tensors
    same: dict[str, Any]

    def __getitem__(self, name: str) -> Tensor:
        return self.columns[name]

    def of(self, indices: Tensor) -> "Values":
        """Return the values of some runs."""
        columns = {name: column[indices] for name, column in self.columns.items()}
        return Values(columns, self.same)

    def use(self, name: str) -> bool:
        """Return whether a number is not zero for some run, or a switch is true."""
        return bool(self.same.get(name))


def values_of(optimizers: Sequence[Optimizer], device: torch.device) -> Values:
    """Return the current hyperparameters of the runs' optimizers."""
    groups = [optimizer.param_groups[0] for optimizer in optimizers]
    columns: dict[str, list[float]] = {}
    same: dict[str, Any] = {}
    # Only an optimizer's own names: some schedulers keep notes in its groups.
    for name in optimizers[0].defaults:
        value = groups[0][name]
        if isinstance(value, tuple | list):
            for i in range(len(value)):
                columns[f"{name}{i}"] = [float(group[name][i]) for group in groups]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            columns[name] = [float(group[name]) for group in groups]
            same[name] = any(columns[name])
        else:
            same[name] = value
    tensors = {
        name: torch.tensor(column, dtype=torch.float64, device=device)[:, None]
        for name, column in columns.items()
    }
    return Values(tensors, same)
