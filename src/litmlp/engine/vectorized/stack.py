"""The weights of several networks of one shape, side by side in one tensor."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litmlp.supervised import Supervised

Tensors = dict[str, Tensor]

STACKED = ("network", "encoding")
"""Parts of a model that are stacked; the other parts are never trained."""

VECTOR = 64
"""A multiple of the SIMD width (in numbers) of every processor."""


def group_indices(
    items: Sequence[Any], key: Callable[[Any], Hashable]
) -> list[list[int]]:
    """Return the indices of the items that share a key, one list per key."""
    found: dict[Hashable, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        found[key(item)].append(index)
    return list(found.values())


def pad(tensor: Tensor) -> Tensor:
    """Append zeros to a multiple of ``VECTOR``: [K, B, …] → [K, padded B, …].

    A processor computes many numbers at once and the remaining numbers one by one,
    where functions such as a sigmoid have other last digits. With padding, a run has
    the same bits whatever other runs are in its group (with one thread).
    """
    missing = -tensor.shape[1] % VECTOR
    if not missing:
        return tensor
    return F.pad(tensor, (0, 0) * (tensor.ndim - 2) + (0, missing))


class Stack:
    """Holds parameters, averages, gradients and state [K, P]: one row per run.

    The parameters of each model become views of its row, so that a model always shows
    its network as it is now.
    """

    def __init__(self, models: Sequence[Supervised], device: torch.device) -> None:
        first = dict(models[0].named_parameters())
        self.shapes = {name: p.shape for name, p in first.items()}
        rows = [nn.utils.parameters_to_vector(m.parameters()) for m in models]
        self.parameters = torch.stack(rows).detach().to(device)
        self.gradients = torch.zeros_like(self.parameters)
        self.state: Tensors = {}
        each = [dict(named_buffers(model)) for model in models]
        self.buffers = {
            name: torch.stack([buffers[name] for buffers in each]).to(device)
            for name in each[0]
        }
        means = [m.average.values() for m in models if m.average]
        rows = [nn.utils.parameters_to_vector(mean) for mean in means]
        self.average = torch.stack(rows).to(device) if rows else None
        self.leaves = self._leaves()

    def __len__(self) -> int:
        return len(self.parameters)

    def named(self, rows: Tensor) -> Tensors:
        """Split rows [K, P] by parameter, [K, …] each."""
        sizes = [shape.numel() for shape in self.shapes.values()]
        parts = torch.split(rows, sizes, dim=1)
        return {
            name: part.view(len(rows), *shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    @property
    def validated(self) -> Tensors:
        """Parameters and buffers for validation, [K, …]: averages if there are any."""
        average = {} if self.average is None else self.named(self.average)
        return self.leaves | self.buffers | average

    def keep(self, indices: Tensor) -> None:
        """Forget all rows but the given rows."""
        self.parameters = self.parameters[indices]
        self.gradients = self.gradients[indices]
        self.state = {name: values[indices] for name, values in self.state.items()}
        if self.average is not None:
            self.average = self.average[indices]
        self.buffers = {name: values[indices] for name, values in self.buffers.items()}
        self.leaves = self._leaves()

    def bind(self, models: Sequence[Supervised]) -> None:
        """Make parameters, gradients and buffers of the models views of their rows."""
        parameters, gradients = map(self.named, (self.parameters, self.gradients))
        validated = self.validated
        for k, model in enumerate(models):
            for name, parameter in model.named_parameters():
                parameter.data = parameters[name][k]
                parameter.grad = gradients[name][k]
            set_buffers(model, {n: values[k] for n, values in self.buffers.items()})
            for name in model.average:
                model.average[name] = validated[name][k]

    def load_state(self, k: int, known: dict[str, Tensors], steps: int) -> None:
        """Set the optimizer's state of a run by parameter, after some steps if any."""
        for name, rows in self.state.items() if steps else ():
            own = [
                known[p][name] for p in self.shapes if known[p].get(name) is not None
            ]
            if name.startswith("_"):  # a counter that torch does not have
                rows[k] = steps
            elif own and rows.shape[1] == 1:
                rows[k] = own[0]
            elif own:
                rows[k] = nn.utils.parameters_to_vector(own).to(rows)

    def states(self) -> list[dict[str, Tensors]]:
        """Return the optimizer's state of each row by parameter, as torch names it."""
        found: list[dict[str, Tensors]] = [{} for _ in range(len(self))]
        for name, values in self.state.items():
            if name.startswith("_"):
                continue
            single = values.shape[1] == 1
            named = dict.fromkeys(self.shapes, values) if single else self.named(values)
            for k, own in enumerate(found):
                for parameter, rows in named.items():
                    value = rows[k, 0] if single else rows[k]
                    own.setdefault(parameter, {})[name] = value
        return found

    def _leaves(self) -> Tensors:
        named = self.named(self.parameters)
        return {name: view.detach().requires_grad_() for name, view in named.items()}


def clip(gradients: Tensor, limit: float | None, by_value: bool) -> None:
    """Shorten the gradient of each run [K, P] in place, as Lightning does."""
    if limit is None:
        return
    if by_value:
        gradients.clamp_(-limit, limit)
        return
    norms = gradients.norm(dim=1, keepdim=True)
    gradients.mul_((limit / (norms + 1e-6)).clamp(max=1.0))


def release(model: Supervised) -> None:
    """Give a model its own tensors again, with the values of its row."""
    for parameter in model.parameters():
        parameter.data = parameter.data.clone()
        parameter.grad = None
    set_buffers(model, {name: b.clone() for name, b in named_buffers(model)})


def named_buffers(model: Supervised) -> Iterator[tuple[str, Tensor]]:
    """Yield the buffers that training changes, by name."""
    for name, buffer in model.named_buffers():
        if name.split(".")[0] in STACKED:
            yield name, buffer


def set_buffers(model: Supervised, tensors: Tensors) -> None:
    """Replace buffers of a model by other tensors."""
    for name, tensor in tensors.items():
        module, _, own_name = name.rpartition(".")
        setattr(model.get_submodule(module), own_name, tensor)
