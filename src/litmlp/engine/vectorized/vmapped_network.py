"""Any network for all runs at once, by torch's vectorizing map."""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from litmlp.engine.vectorized.dropout_masks import Mask, draw, drop
from litmlp.engine.vectorized.grouped_run import GroupedRun
from litmlp.engine.vectorized.stack import Tensors
from litmlp.engine.vectorized.stacked_mlp import StackedMLP, is_plain_mlp
from litmlp.supervised import Supervised


def stacked_network(model: Supervised) -> "StackedMLP | StackedModule":
    """Return the network of all runs at once, given the model of any run."""
    return StackedMLP(model) if is_plain_mlp(model) else StackedModule(model)


class StackedModule:
    """Maps features [K, B, F] to outputs [K, B, O]; in evaluation without masks.

    ``nn.Dropout`` draws the numbers that it draws alone; torch refuses any other module
    that draws random numbers.
    """

    def __init__(self, model: Supervised) -> None:
        self.module = TrainedParts(model)
        for name, module in [*self.module.named_modules()]:
            if isinstance(module, nn.Dropout | nn.AlphaDropout):
                self.module.set_submodule(name, MaskedDropout(name, self._drop))
        self._called: dict[int, list[tuple[str, tuple[int, ...]]]] = {}
        self._noted: list[tuple[str, tuple[int, ...]]] = []
        self._masks: Iterator[Mask] = iter(())

    def masks(self, runs: Sequence[GroupedRun], rows: int) -> list[Mask]:
        """Draw the masks of the dropout modules, in the order of their calls."""
        if rows not in self._called:
            self._noted = self._called[rows] = []
            features = runs[0].data.split_features["train"][:rows]
            with torch.no_grad():
                self.module.train()(features.to(runs[0].model.device))
        return [
            draw([run.model.get_submodule(name) for run in runs], runs, shape)
            for name, shape in self._called[rows]
        ]

    def __call__(
        self, tensors: Tensors, features: Tensor, masks: Sequence[Mask] | None = None
    ) -> Tensor:
        self.module.train(masks is not None)

        def one(tensors: Tensors, rows: Tensor, masks: list[Mask]) -> Tensor:
            self._masks = iter(masks)
            return cast(Tensor, functional_call(self.module, tensors, (rows,)))

        return vmap(one)(tensors, features, list(masks or ()))

    def _drop(self, name: str, values: Tensor) -> Tensor:
        """Drop by the next mask; without masks, note the module and its shape."""
        mask = next(self._masks, None)
        if mask is not None:
            return drop(mask, values)
        self._noted.append((name, tuple(values.shape)))
        return values


class MaskedDropout(nn.Dropout):
    """Calls a function with its name and its values in training."""

    def __init__(self, name: str, drop: Callable[[str, Tensor], Tensor]) -> None:
        super().__init__()
        self.name, self.drop = name, drop

    def forward(self, values: Tensor) -> Tensor:
        return self.drop(self.name, values) if self.training else values


class TrainedParts(nn.Module):
    """Holds copies of a model's trained parts, under the names they have there."""

    def __init__(self, model: Supervised) -> None:
        super().__init__()
        self.network = copy.deepcopy(model.network)
        self.encoding = copy.deepcopy(model.encoding)

    def forward(self, features: Tensor) -> Tensor:
        return cast(Tensor, self.network(self.encoding(features)))
