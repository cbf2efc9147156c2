"""The weights of several networks of one shape, side by side in one tensor."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from litmlp.supervised import Supervised

Tensors = dict[str, Tensor]

STACKED = ("network", "encoding")
"""Parts of a model that are stacked; the others are never trained."""


class Stack:
    """A row a member: parameters, gradients and optimizer state, [K, parameters].

    The members' own parameters become views of their rows, so that whoever looks at a
    member sees its network as it is now.

    Args:
        models: of one shape.
        device: where the rows live.
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
        self.leaves = self._leaves()

    def __len__(self) -> int:
        return len(self.parameters)

    def named(self, rows: Tensor) -> Tensors:
        """Rows [K, parameters] by parameter, [K, …] each."""
        sizes = [shape.numel() for shape in self.shapes.values()]
        parts = torch.split(rows, sizes, dim=1)
        return {
            name: part.view(len(rows), *shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def keep(self, members: Tensor) -> None:
        """Forget all but some members, given by their numbers."""
        self.parameters = self.parameters[members]
        self.gradients = self.gradients[members]
        self.state = {name: values[members] for name, values in self.state.items()}
        self.buffers = {name: values[members] for name, values in self.buffers.items()}
        self.leaves = self._leaves()

    def bind(self, models: Sequence[Supervised]) -> None:
        """Make the members' parameters, gradients and buffers views of their rows."""
        parameters, gradients = map(self.named, (self.parameters, self.gradients))
        for k, model in enumerate(models):
            for name, parameter in model.named_parameters():
                parameter.data = parameters[name][k]
                parameter.grad = gradients[name][k]
            point_buffers(model, {n: values[k] for n, values in self.buffers.items()})

    def taken(self, tensors: Tensors, members: Tensor) -> Tensors:
        """Copies of the rows of some members, to be trained apart."""
        rows = {name: values[members].detach() for name, values in tensors.items()}
        for name in self.leaves.keys() & rows.keys():
            rows[name].requires_grad_()
        return rows

    def put(
        self, gradients: Sequence[Tensor], buffers: Tensors, members: Tensor | None
    ) -> None:
        """Take in what came of an iteration of some members, or of all."""
        rows = [gradient.reshape(len(gradient), -1) for gradient in gradients]
        if members is None:
            torch.cat(rows, dim=1, out=self.gradients)
            return
        self.gradients[members] = torch.cat(rows, dim=1)
        for name, values in buffers.items():
            self.buffers[name][members] = values

    def take_state(self, k: int, known: dict[str, Tensors], steps: int) -> None:
        """Let a member's optimizer stand where it stood after some steps, if any.

        Args:
            k: the member's number.
            known: values by name, by parameter, as torch has them.
            steps: what counters that torch lacks have come to.
        """
        for name, rows in self.state.items() if steps else ():
            own = [
                known[p][name] for p in self.shapes if known[p].get(name) is not None
            ]
            if name.startswith("_"):
                rows[k] = steps
            elif own and rows.shape[1] == 1:
                rows[k] = own[0]
            elif own:
                rows[k] = nn.utils.parameters_to_vector(own).to(rows)

    def states(self) -> list[dict[str, Tensors]]:
        """Of each member, by parameter: the optimizer's state as torch has it."""
        found: list[dict[str, Tensors]] = [{} for _ in range(len(self))]
        torch_has = {n: v for n, v in self.state.items() if not n.startswith("_")}
        for name, values in torch_has.items():
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


def clip(gradients: Tensor, longest: float | None, by_value: bool) -> None:
    """Shorten each member's gradient [K, parameters], as Lightning does it."""
    if longest is None:
        return
    if by_value:
        gradients.clamp_(-longest, longest)
        return
    norms = gradients.norm(dim=1, keepdim=True)
    gradients.mul_((longest / (norms + 1e-6)).clamp(max=1.0))


def release(model: Supervised) -> None:
    """Give a model its own tensors again, with the values of its row."""
    for parameter in model.parameters():
        parameter.data = parameter.data.clone()
        parameter.grad = None
    point_buffers(model, {name: b.clone() for name, b in named_buffers(model)})


def named_buffers(model: Supervised) -> Iterator[tuple[str, Tensor]]:
    """The buffers that training changes, by name."""
    for name, buffer in model.named_buffers():
        if name.split(".")[0] in STACKED:
            yield name, buffer


def point_buffers(model: Supervised, tensors: Tensors) -> None:
    """Let a model's buffers be these tensors."""
    for name, tensor in tensors.items():
        module, _, own_name = name.rpartition(".")
        setattr(model.get_submodule(module), own_name, tensor)
