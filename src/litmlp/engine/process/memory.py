"""How much memory there is; that it does not suffice is one clear line."""

import ctypes
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

KEPT, KEPT_IN_TRAINING = 2**20, 2**25
"""Bytes of a block that stays with a process; glibc takes no larger threshold."""

UNTOLD = 4 * 2**30
"""Bytes that are taken to be free where the system does not tell: not on Linux."""


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that memory does not suffice."""
    of_its_own = isinstance(error, (MemoryError, torch.OutOfMemoryError))
    return of_its_own or OF_THE_PROCESSOR in str(error)


ALONE = (
    "a smaller data.batch_size or smaller model.hidden_sizes need less; "
    "trainer.accumulate_grad_batches makes up for small batches"
)
"""What to do about a single run."""


@contextmanager
def shortage_told(cure: str = ALONE) -> Iterator[None]:
    """
    Args:
        cure: what to do about it.

    Raises:
        UserError: instead of an error for want of memory, on any device.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_shortage(error):
            raise
        raise UserError(f"out of memory: {cure}") from error


def keep_freed(largest: int) -> None:
    """Let this process keep the memory that tensors leave, for those that come next.

    glibc gives larger blocks back to the system at once, and gets them empty and page
    by page: a tenth of an iteration of a stack. Where much is built and little stays,
    what stays would cut the kept blocks to pieces, that fit nothing that comes next.
    Nothing where there is no glibc.

    Args:
        largest: bytes of a block.
    """
    with suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(TRIM_THRESHOLD, largest)
        library.mallopt(MMAP_THRESHOLD, largest)


@contextmanager
def training_kept() -> Iterator[None]:
    """Keep the blocks that training takes again and again, while it does."""
    keep_freed(KEPT_IN_TRAINING)
    try:
        yield
    finally:
        keep_freed(KEPT)


def available(
    device: torch.device,
    group: Path = Path("/sys/fs/cgroup"),
    meminfo: Path = Path("/proc/meminfo"),
) -> int:
    """Bytes that this process may still take, as far as the system tells it.

    Args:
        group: the files of a container's limits.
        meminfo: the file of Linux's counts.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    limits = []
    if free := re.search(r"MemAvailable: +(\d+) kB", text_of(meminfo)):
        limits.append(1024 * int(free[1]))
    most, used = (text_of(group / f"memory.{name}") for name in ("max", "current"))
    if most.strip().isdigit() and used.strip().isdigit():
        files = re.search(r"^inactive_file (\d+)", text_of(group / "memory.stat"), re.M)
        given_up = int(files[1]) if files else 0  # files read once, kept while it fits
        limits.append(int(most) - int(used) + given_up)
    return min(limits, default=UNTOLD)


def text_of(path: Path) -> str:
    """A file's text, or nothing if there is none."""
    return path.read_text() if path.is_file() else ""
