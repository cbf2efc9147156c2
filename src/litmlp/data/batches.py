"""Batches as tensors of row indices, so that a batch is indexed in one step."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler, StackDataset

EVALUATION_BATCH_SIZE = 4096

BUFFER = 2**21
"""Rows that are shuffled together where all rows are more than memory may hold."""

PIECES = 64
"""Places of a data set that a buffer takes its rows from."""


class Batches(Sampler[Tensor]):
    """Yields the row indices of each batch; every row comes once per epoch.

    The order follows from ``order_seed`` and the epoch alone, so every process draws
    the same order. Under distributed training a process takes its part of each batch.

    Args:
        num_rows: rows in the data set.
        batch_size: rows per batch over all processes; the last batch has the rest.
        order_seed: seed of the shuffling; None keeps the order of the rows.
        new_order: whether the order changes each epoch.
        smallest: a last batch of fewer rows is joined to the batch before.
        start: the first epoch, and how many of its batches to leave out.
        buffer: rows that are shuffled together, :data:`PIECES` pieces from anywhere in
            the data set; None shuffles all. So few rows are read from a disk at a time.
    """

    def __init__(
        self,
        num_rows: int,
        batch_size: int,
        *,
        order_seed: int | None = None,
        new_order: bool = True,
        smallest: int = 1,
        start: tuple[int, int] = (0, 0),
        buffer: int | None = None,
    ) -> None:
        full, rest = divmod(num_rows, batch_size)
        self.sizes = [batch_size] * full + [rest] * (rest > 0)
        if len(self.sizes) > 1 and rest and rest < smallest:
            self.sizes[-2:] = [batch_size + rest]
        self.num_rows = num_rows
        self.order_seed = order_seed
        self.new_order = new_order
        self.start = start
        self.buffer = buffer
        self.epoch = start[0]

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    @property
    def seeds(self) -> tuple[int, ...]:
        """Numbers that the order of the rows follows from; none keep their order."""
        epoch = self.epoch if self.new_order else 0
        return () if self.order_seed is None else (self.order_seed, epoch)

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[Tensor]:
        order = torch.arange(self.num_rows)
        if self.seeds:
            # torch takes 32 bits of a seed: both numbers have to be mixed into them.
            mixed = np.random.SeedSequence(self.seeds)
            seed = int(mixed.generate_state(1)[0])
            generator = torch.Generator().manual_seed(seed)
            order = shuffled(self.num_rows, self.buffer or self.num_rows, generator)
        first_epoch, done = self.start
        batches = torch.split(order, self.sizes)
        batches = batches[done:] if self.epoch == first_epoch else batches
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            rank = torch.distributed.get_rank()
            world_size = torch.distributed.get_world_size()
            return (batch[rank::world_size] for batch in batches)
        return iter(batches)


def shuffled(num_rows: int, buffer: int, generator: torch.Generator) -> Tensor:
    """Return row indices [num_rows] in random order, shuffled within buffers.

    A buffer holds pieces of neighbouring rows from random places.
    """
    if num_rows <= buffer:
        return torch.randperm(num_rows, generator=generator)
    pieces = torch.split(torch.arange(num_rows), max(1, buffer // PIECES))
    places = torch.randperm(len(pieces), generator=generator).tolist()
    order = torch.cat([pieces[place] for place in places])
    for part in torch.split(order, buffer):  # a view: shuffled in its place
        part.copy_(part[torch.randperm(len(part), generator=generator)])
    return order


def keep_batch(batch: Any) -> Any:
    """Return a batch unchanged: it is indexed as a whole, so nothing is to collate."""
    return batch


def loader(batches: Batches, *parts: Tensor) -> DataLoader[tuple[Tensor, ...]]:
    """Batches of (features [B, F], targets [B] or [B, T], and weights [B] if given)."""
    return DataLoader(
        StackDataset(*parts),  # type: ignore[arg-type]  # needs len and []
        sampler=batches,
        batch_size=None,  # the sampler yields whole batches already
        collate_fn=keep_batch,
        generator=torch.Generator(),  # its own: drawing must not disturb dropout
    )


def auto_batch_size(num_rows: int) -> int:
    """Return the power of two nearest to the root of the number of rows, 32 to 512.

    >>> [auto_batch_size(rows) for rows in (150, 2_000, 10_000, 50_000, 1_000_000)]
    [32, 32, 128, 256, 512]
    """
    return min(512, max(32, 1 << round(math.log2(num_rows) / 2)))


def auto_max_epochs(num_batches: int) -> int:
    """Return the epochs that make 2,000 steps, 16 to 128.

    >>> [auto_max_epochs(batches) for batches in (5, 16, 32, 79, 1_954)]
    [128, 125, 62, 25, 16]
    """
    return min(128, max(16, round(2_000 / num_batches)))
