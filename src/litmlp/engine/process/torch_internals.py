"""Torch's private tracer of networks for TensorBoard's graph tab.

``SummaryWriter.add_graph`` traces a network at every call. This takes 55 ms, a fifth of
a run of a group, and torch never frees the 0.7 MB of a trace. With the tracer itself,
the runs of a sweep share one trace per network.
``tests/engine/process/test_torch_internals.py`` fails if torch has no such tracer.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.tensorboard._pytorch_graph import graph

_graphs: dict[tuple[str, torch.Size, torch.dtype], Any] = {}


def traced_graph(network: nn.Module, inputs: Tensor) -> Any:
    """Return TensorBoard's graph of a network for inputs [B, F], traced once."""
    key = (repr(network), inputs.shape, inputs.dtype)
    if key not in _graphs:
        _graphs[key] = graph(network, inputs)  # type: ignore[no-untyped-call]  # torch's
    return _graphs[key]
