"""The dropout of all runs at once, each with the random numbers that it has alone."""

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from litmlp.dropouts import FastDropout
from litmlp.engine.vectorized.grouped_run import GroupedRun

ALPHA = 1.7580993408473766
"""SELU is never below −ALPHA: https://arxiv.org/abs/1706.02515."""

Mask = tuple[Tensor, ...]
"""A factor of values [K, …], and with AlphaDropout an offset that is added to them."""


def drop(mask: Mask, values: Tensor) -> Tensor:
    """Scale values [K, …], and shift them if the mask has an offset."""
    factor, *offset = mask
    dropped = values * factor
    return dropped + offset[0] if offset else dropped


def draw(
    layers: Sequence[nn.Module], runs: Sequence[GroupedRun], shape: tuple[int, ...]
) -> Mask:
    """Draw the mask of a layer, as torch draws it for the network of each run."""
    alpha = isinstance(layers[0], nn.AlphaDropout)
    factor = torch.ones(len(layers), *shape)
    offset = torch.zeros(len(layers), *shape) if alpha else None
    for k, (layer, run) in enumerate(zip(layers, runs, strict=True)):
        p = cast(nn.Dropout, layer).p
        if isinstance(layer, FastDropout):
            if p > 0:
                factor[k] = layer.factor(factor[k], run.generator)
            continue
        if p == 1:
            factor[k] = 0
        elif p > 0:
            factor[k].bernoulli_(1 - p, generator=run.generator)
        if offset is not None and 0 < p < 1:
            scale = 1 / math.sqrt((ALPHA**2 * p + 1) * (1 - p))
            offset[k] = (factor[k] - 1) * (ALPHA * scale) + ALPHA * scale * p
            factor[k] *= scale
        elif 0 < p < 1:
            factor[k] /= 1 - p
    device = runs[0].model.device
    return tuple(part.to(device) for part in (factor, offset) if part is not None)
