"""Memory that does not suffice is one clear line."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from litmlp.errors import UserError

OF_THE_PROCESSOR = "DefaultCPUAllocator"
"""In the message of torch's error, which has no class of its own."""


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that memory does not suffice."""
    of_its_own = isinstance(error, (MemoryError, torch.OutOfMemoryError))
    return of_its_own or OF_THE_PROCESSOR in str(error)


@contextmanager
def shortage_told() -> Iterator[None]:
    """
    Raises:
        UserError: instead of an error for want of memory, on any device.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_shortage(error):
            raise
        raise UserError(
            "out of memory: a smaller data.batch_size or smaller model.hidden_sizes "
            "need less; trainer.accumulate_grad_batches makes up for small batches"
        ) from error
