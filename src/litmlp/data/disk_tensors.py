"""Tensors in files that are mapped into memory: larger than memory, if need be."""

import math
import shutil
import tempfile
from collections.abc import Iterable

import torch
from torch import Tensor

from litmlp.errors import UserError


def empty_on_disk(*shape: int) -> Tensor:
    """Return a tensor of torch's default type in a file without a name.

    The operating system keeps in memory what fits, and writes the rest to the folder
    for temporary files (``TMPDIR``). The file is gone when nothing uses the tensor.

    Raises:
        UserError: the disk has not enough space.
    """
    dtype, folder = torch.get_default_dtype(), tempfile.gettempdir()
    count = math.prod(shape)
    needed, free = count * dtype.itemsize, shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"{folder} has {free / 1e9:,.1f} GB left, and {needed / 1e9:,.1f} GB are "
            "needed: name another folder in the environment variable TMPDIR"
        )
    if not count:
        return torch.empty(shape)
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        mapped = torch.from_file(file.name, shared=True, size=count, dtype=dtype)
    return mapped.view(shape)


def is_on_disk(tensor: Tensor) -> bool:
    """Return whether a tensor is in a file that is mapped into memory."""
    return tensor.untyped_storage().filename is not None


def join_chunks(chunks: Iterable[Tensor], rows: int, *, like: Tensor) -> Tensor:
    """Join chunks [n, F] of ``rows`` rows in all: on disk, if ``like`` is there.

    In memory this needs half of what ``torch.cat`` needs, which holds all chunks.
    """
    joined, start = None, 0
    for chunk in chunks:
        if joined is None:
            shape = rows, *chunk.shape[1:]
            on_disk = is_on_disk(like)
            joined = empty_on_disk(*shape) if on_disk else chunk.new_empty(shape)
        joined[start : start + len(chunk)] = chunk
        start += len(chunk)
    assert joined is not None
    assert start == rows
    return joined
