"""Any network for all members at once, by torch's own vectorizing map."""

import copy
from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn
from torch.func import functional_call, vmap

from litmlp.layers import leaves
from litmlp.supervised import Supervised
from litmlp.vectorized.chain import Look
from litmlp.vectorized.dropout import Mask
from litmlp.vectorized.member import Member
from litmlp.vectorized.stack import Tensors


class Mapped:
    """Features [K, B, F] → outputs [K, B, O] of the members of a stack.

    Random layers draw from the same distribution as alone, but not the same numbers.

    Args:
        model: any member.
    """

    def __init__(self, model: Supervised) -> None:
        self.module = Parts(model)
        self.names = {m: name for name, m in self.module.named_modules()}

    def masks(self, members: Sequence[Member], rows: int) -> list[Mask]:
        """None: each random layer draws for itself."""
        return []

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

        def one(tensors: Tensors, rows: Tensor) -> tuple[Tensor, list[Tensor]]:
            seen: list[Tensor] = []

            def note(
                module: nn.Module, inputs: tuple[Tensor, ...], outputs: Tensor
            ) -> None:
                names.append(self.names[module])
                seen.extend([inputs[0].detach(), outputs.detach()])

            watched = leaves(self.module.network) if look else []
            hooks = [module.register_forward_hook(note) for module in watched]
            try:
                outputs = functional_call(self.module, tensors, (rows,))
            finally:
                for hook in hooks:
                    hook.remove()
            return outputs, seen

        outputs, seen = vmap(one, randomness="different")(tensors, features)
        if look:
            for name, inputs, found in zip(names, seen[::2], seen[1::2], strict=True):
                look(name, inputs, found)
        return outputs


class Parts(nn.Module):
    """What is trained of a model, under the names that it has there."""

    def __init__(self, model: Supervised) -> None:
        super().__init__()
        self.network = copy.deepcopy(model.network)
        self.encoding = copy.deepcopy(model.encoding)

    def forward(self, features: Tensor) -> Tensor:
        return cast(Tensor, self.network(self.encoding(features)))
