"""How much memory a process may still take."""

import re
from pathlib import Path

import torch

UNTOLD = 4 * 2**30
"""Bytes that are taken to be free where the system does not tell: not on Linux."""


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
