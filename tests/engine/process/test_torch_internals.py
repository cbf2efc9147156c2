"""Torch still has the tracer that torch_internals uses."""

import warnings

import torch
from torch import nn

from litmlp.engine.process.torch_internals import traced_graph


def test_a_network_is_traced_once() -> None:
    rows = torch.zeros(2, 3)
    with warnings.catch_warnings(action="ignore"):  # torch's tracer is deprecated
        traced, _ = traced_graph(nn.Linear(3, 1), rows)
        again, _ = traced_graph(nn.Linear(3, 1), rows)
    assert "Linear" in str(traced)
    assert again is traced
