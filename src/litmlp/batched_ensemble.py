"""Alike members of an ensemble, trained with one batched product per layer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.utils.rnn import pad_sequence


class BatchedMembers:
    """Calls networks that differ in their weights alone as one: [B, F] → [K, M, O].

    Each parameter becomes a part of a larger tensor that holds those of all members,
    side by side in memory. So nothing is copied before a step, and what an optimizer
    or a checkpoint does with the parameters is done to the larger tensor.

    Args:
        members: networks with ``forward(features, rows)``; the last one has no hooks.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        self.pattern = members[-1]
        self._places: list[tuple[nn.Module, str, Tensor, int]] = []
        self._weights = {
            f"{path}.{name}".lstrip("."): self._join(
                [m.get_submodule(path) for m in members], name
            )
            for path, part in self.pattern.named_modules()
            for name, _ in part.named_parameters(recurse=False)
        }
        self._in_products = parameters_of_linears(self.pattern)

    def _join(self, owners: Sequence[nn.Module], name: str) -> Tensor:
        """Move the parameters of some modules into one tensor [K, …], their parent."""
        own = [owner.get_parameter(name) for owner in owners]
        joined = torch.stack([p.detach() for p in own])
        for owner, p, part in zip(owners, own, joined, strict=True):
            p.data = part
            self._places.append((owner, name, p, part.data_ptr()))
        if own[0].requires_grad:
            joined.requires_grad_()
            hook = partial(hand_over, own)
            joined.register_post_accumulate_grad_hook(hook)  # type: ignore[no-untyped-call]  # torch's own
        return joined

    def holds(self) -> bool:
        """Return whether all parameters still are where they were joined."""
        return all(
            getattr(owner, name) is p and p.data_ptr() == place
            for owner, name, p, place in self._places
        )

    def __call__(self, features: Tensor, rows: Sequence[Tensor]) -> Tensor:
        """Return outputs; those beyond the rows of a member mean nothing.

        Args:
            features: [B, F].
            rows: indices of the rows of each member, M at most.
        """
        weights, kind = dict(self._weights), features.device.type
        if torch.is_autocast_enabled(kind):
            # As autocast does; under vmap it would leave a bias, and all sums.
            for name in self._in_products:
                weights[name] = weights[name].to(torch.get_autocast_dtype(kind))

        def outputs_of_one(weights: dict[str, Tensor], rows: Tensor) -> Tensor:
            call = functional_call(self.pattern, weights, (features, rows))
            return cast(Tensor, call)

        filled = pad_sequence(list(rows), batch_first=True)
        return vmap(outputs_of_one, randomness="different")(weights, filled)


def hand_over(parameters: Sequence[nn.Parameter], joined: Tensor) -> None:
    """Give each parameter its part of the gradient [K, …] of their parent."""
    assert joined.grad is not None
    for p, gradient in zip(parameters, joined.grad, strict=True):
        p.grad = gradient if p.grad is None else p.grad + gradient
    joined.grad = None


def batch_members(
    members: Sequence[nn.Module], features: Tensor
) -> BatchedMembers | None:
    """Join members; return None where torch's map cannot follow: it knows no RReLU."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return None  # each parameter has to tell other processes of its own gradient
    rows = torch.arange(min(2, len(features)), device=features.device)
    as_one = BatchedMembers(members)
    try:
        with no_trace(features.device):
            as_one(features, [rows] * len(members))
    except RuntimeError:
        return None
    return as_one


@contextmanager
def no_trace(device: torch.device) -> Iterator[None]:
    """Compute without gradients, and leave the random numbers as they are."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.no_grad():
        yield


def parameters_of_linears(module: nn.Module) -> list[str]:
    """Return the names of the weights and biases of all linear layers."""
    return [
        f"{name}.{own}"
        for name, part in module.named_modules()
        if isinstance(part, nn.Linear)
        for own, _ in part.named_parameters()
    ]
