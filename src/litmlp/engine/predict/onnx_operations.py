"""Activations that ONNX or its runtime lacks or spoils, from operations they have."""

from collections.abc import Callable, Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode


def rrelu(
    inputs: Tensor,
    lower: float,
    upper: float,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """Apply ``F.rrelu`` as in evaluation: the mean slope below zero; same shape."""
    return F.leaky_relu(inputs, (lower + upper) / 2)


def gelu(inputs: Tensor, approximate: str = "none") -> Tensor:
    """Apply ``F.gelu`` to 7 digits, since onnxruntime has no float64 for it."""
    return F.gelu(inputs.float(), approximate=approximate).to(inputs.dtype)


def log_sigmoid(inputs: Tensor) -> Tensor:
    """Apply ``F.logsigmoid``: log(sigmoid) of ONNX is −∞ far below zero."""
    return -F.softplus(-inputs)


class OnnxOperations(TorchFunctionMode):
    """Context in which torch calls these functions for its own, to trace a model."""

    replaced: Mapping[Any, Callable[..., Tensor]] = {
        F.rrelu: rrelu,
        F.gelu: gelu,
        F.logsigmoid: log_sigmoid,
    }

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        return self.replaced.get(func, func)(*args, **(kwargs or {}))
