"""How much memory there is; that it does not suffice is one clear line."""

import ctypes
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from litmlp.errors import UserError

OF_THE_PROCESSOR = "DefaultCPUAllocator"
"""In the message of torch's error, which has no class of its own."""

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Numbers of glibc's ``mallopt``."""

LARGEST_KEPT = 2**25
"""Bytes; glibc takes no larger threshold."""


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


def keep_freed() -> None:
    """Let this process keep the memory that tensors leave, for those that come next.

    glibc gives blocks of some megabytes back to the system at once, and gets them empty
    and page by page: a tenth of an iteration of a stack. Nothing where there is no
    glibc.
    """
    with suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(TRIM_THRESHOLD, LARGEST_KEPT)
        library.mallopt(MMAP_THRESHOLD, LARGEST_KEPT)


def available(device: torch.device) -> int:
    """Bytes that this process may still take, as far as the system tells it."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    if free := re.search(r"MemAvailable: +(\d+) kB", text_of(Path("/proc/meminfo"))):
        limits.append(1024 * int(free[1]))
    group = Path("/sys/fs/cgroup")  # that of a container
    most, used = (text_of(group / f"memory.{name}") for name in ("max", "current"))
    if most.strip().isdigit() and used.strip().isdigit():
        limits.append(int(most) - int(used))
    return min(limits)


def text_of(path: Path) -> str:
    """A file's text, or nothing if there is none."""
    return path.read_text() if path.is_file() else ""
