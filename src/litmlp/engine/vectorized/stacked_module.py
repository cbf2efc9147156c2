"""Any network for all members at once, by torch's own vectorizing map."""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from litmlp.engine.diagnosis.layer_trace import leaves
from litmlp.engine.vectorized.dropout_masks import Mask, draw
from litmlp.engine.vectorized.member import Member
from litmlp.engine.vectorized.stack import Tensors
from litmlp.engine.vectorized.stacked_mlp import Look
from litmlp.supervised import Supervised


class Mapped:
    """Features [K, B, F] → outputs [K, B, O] of the members of a stack.

    Its ``nn.Dropout`` draws what it draws alone; what else draws random numbers is
    refused by torch.

    Args:
        model: any member.
    """

    def __init__(self, model: Supervised) -> None:
        self.module = Parts(model)
        self.names = {m: name for name, m in self.module.named_modules()}
        for module, name in [*self.names.items()]:
            if isinstance(module, nn.Dropout | nn.AlphaDropout):
                self.module.set_submodule(name, Dropped(name, self._drop))
        self.names |= {m: name for name, m in self.module.named_modules()}
        self._called: dict[int, list[tuple[str, tuple[int, ...]]]] = {}
        self._noted: list[tuple[str, tuple[int, ...]]] = []
        self._masks: Iterator[tuple[Tensor, ...]] = iter(())

    def masks(self, members: Sequence[Member], rows: int) -> list[Mask]:
        """Those of the dropout modules, in the order in which they are called."""
        if rows not in self._called:
            self._noted = self._called[rows] = []
            features = members[0].data.features["train"][:rows]
            with torch.no_grad():
                self.module.train()(features.to(members[0].model.device))
        return [
            draw([m.model.get_submodule(name) for m in members], members, shape)
            for name, shape in self._called[rows]
        ]

    def __call__(
        self,
        tensors: Tensors,
        features: Tensor,
        masks: Sequence[Mask],
        *,
        training: bool,
        look: Look | None = None,
    ) -> Tensor:
        self.module.train(training)
        names: list[str] = []

        def one(
            tensors: Tensors, rows: Tensor, masks: list[tuple[Tensor, ...]]
        ) -> tuple[Tensor, list[Tensor]]:
            seen: list[Tensor] = []

            def note(
                module: nn.Module, inputs: tuple[Tensor, ...], outputs: Tensor
            ) -> None:
                names.append(self.names[module])
                seen.extend([inputs[0].detach(), outputs.detach()])

            watched = leaves(self.module.network) if look else []
            hooks = [module.register_forward_hook(note) for module in watched]
            self._masks = iter(masks)
            try:
                outputs = functional_call(self.module, tensors, (rows,))
            finally:
                for hook in hooks:
                    hook.remove()
            return outputs, seen

        outputs, seen = vmap(one)(tensors, features, [mask.parts for mask in masks])
        if look:
            for name, inputs, found in zip(names, seen[::2], seen[1::2], strict=True):
                look(name, inputs, found)
        return outputs

    def _drop(self, name: str, values: Tensor) -> Tensor:
        """Dropout by the next mask; where there are none, it is noted who asks."""
        parts = next(self._masks, None)
        if parts is not None:
            return Mask(*parts)(values)
        self._noted.append((name, tuple(values.shape)))
        return values


class Dropped(nn.Dropout):
    """A dropout that does what it is told.

    Args:
        name: its own.
        drop: what to do to values, in training.
    """

    def __init__(self, name: str, drop: Callable[[str, Tensor], Tensor]) -> None:
        super().__init__()
        self.name, self.drop = name, drop

    def forward(self, values: Tensor) -> Tensor:
        return self.drop(self.name, values) if self.training else values


class Parts(nn.Module):
    """What is trained of a model, under the names that it has there."""

    def __init__(self, model: Supervised) -> None:
        super().__init__()
        self.network = copy.deepcopy(model.network)
        self.encoding = copy.deepcopy(model.encoding)

    def forward(self, features: Tensor) -> Tensor:
        return cast(Tensor, self.network(self.encoding(features)))
