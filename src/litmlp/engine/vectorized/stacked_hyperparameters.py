"""The members' hyperparameters as columns, beside the rows of their weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Hyperparameters:
    """Numbers that may differ between members, [K, 1] in double precision each.

    Those of a pair are called by its name and a place, ``betas0``. What is no number
    is the same for all members.
    """

    numbers: Tensors
    same: dict[str, Any]

    def __getitem__(self, name: str) -> Tensor:
        return self.numbers[name]

    def of(self, members: Tensor) -> "Hyperparameters":
        """Those of some members."""
        numbers = {name: column[members] for name, column in self.numbers.items()}
        return Hyperparameters(numbers, self.same)

    def are_used(self, name: str) -> bool:
        """Whether a number is not zero for some member, or a switch is on."""
        return bool(self.same.get(name))


def hyperparameters_of(
    optimizers: Sequence[Optimizer], device: torch.device
) -> Hyperparameters:
    """What the members' optimizers are set to now."""
    groups = [optimizer.param_groups[0] for optimizer in optimizers]
    # Not all that its group holds: some schedulers note things there for themselves.
    own = optimizers[0].defaults
    columns: dict[str, list[float]] = {}
    same: dict[str, Any] = {}
    for name, value in ((name, groups[0][name]) for name in own):
        if isinstance(value, tuple | list):
            for place in range(len(value)):
                columns[f"{name}{place}"] = [float(g[name][place]) for g in groups]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            columns[name] = [float(group[name]) for group in groups]
            same[name] = any(columns[name])
        else:
            same[name] = value
    numbers = {
        name: torch.tensor(column, dtype=torch.float64, device=device)[:, None]
        for name, column in columns.items()
    }
    return Hyperparameters(numbers, same)
