"""The runs' hyperparameters as columns, beside the rows of their weights."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from litmlp.engine.vectorized.stack import Tensors
from litmlp.optimizers import FACTORS


@dataclass(frozen=True)
class Values:
    """Holds the hyperparameters of all runs' optimizers.

    Args:
        columns: numbers that may differ, [K, 1] in double precision each. A pair such
            as ``betas`` has two columns, ``betas0`` and ``betas1``.
            Those that differ by kind of parameter are [K, parameters].
        same: by name, a value that is no number and the same for all runs; for a
            number, whether it is not zero for some run.
    """

    columns: Tensors
    same: dict[str, Any]
    sizes: Tensor

    def __getitem__(self, name: str) -> Tensor:
        return self.columns[name]

    def of(self, indices: Tensor) -> "Values":
        """Return the values of some runs."""
        columns = {name: column[indices] for name, column in self.columns.items()}
        return Values(columns, self.same, self.sizes)

    def wide(self, column: Tensor, weights: Tensor) -> Tensor:
        """Return a column in the type of weights, and of their width if it has several.

        Args:
            column: [K, 1] or [K, parameters].
            weights: [K, P].
        """
        column = column.to(weights)
        if column.shape[1] == 1:
            return column
        return column.repeat_interleave(self.sizes, dim=1, output_size=weights.shape[1])

    def use(self, name: str) -> bool:
        """Return whether a number is not zero for some run, or a switch is true."""
        return bool(self.same.get(name))


def places_of(optimizer: Optimizer, parameters: Iterable[nn.Parameter]) -> list[int]:
    """Return the index of each parameter's group; nothing if there is one group."""
    groups = optimizer.param_groups
    if len(groups) == 1:
        return []
    found = {p: i for i, group in enumerate(groups) for p in group["params"]}
    return [found[parameter] for parameter in parameters]


def values_of(
    optimizers: Sequence[Optimizer],
    device: torch.device,
    places: Sequence[Sequence[int]] = (),
    sizes: Sequence[int] = (),
) -> Values:
    """Return the current hyperparameters of the runs' optimizers.

    Args:
        optimizers: one per run.
        device: of the columns.
        places: of each run, see :func:`places_of`.
        sizes: of each parameter.
    """
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
    for name in columns.keys() & set(FACTORS) if any(places) else ():
        rows = [
            [float(optimizer.param_groups[i][name]) for i in own or [0] * len(sizes)]
            for optimizer, own in zip(optimizers, places, strict=True)
        ]
        same[name] = any(map(any, rows))
        tensors[name] = torch.tensor(rows, dtype=torch.float64, device=device)
    return Values(tensors, same, torch.tensor(sizes, device=device))
