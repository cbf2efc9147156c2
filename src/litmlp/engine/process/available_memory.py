"""How much memory a process may still take."""

import re
from pathlib import Path

import torch

ASSUMED = 4 * 2**30
"""Bytes that are assumed to be free where the system does not report them."""


def available(
    device: torch.device,
    group: Path = Path("/sys/fs/cgroup"),
    meminfo: Path = Path("/proc/meminfo"),
) -> int:
    """Return the bytes that this process may still allocate on CUDA or the CPU.

    They are in the folder with the limits of a container, and in Linux's counts.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    limits = []
    if free := re.search(r"MemAvailable: +(\d+) kB", text_of(meminfo)):
        limits.append(1024 * int(free[1]))
    most, used = (text_of(group / f"memory.{name}") for name in ("max", "current"))
    if most.strip().isdigit() and used.strip().isdigit():
        files = re.search(r"^inactive_file (\d+)", text_of(group / "memory.stat"), re.M)
        cached = int(files[1]) if files else 0  # files kept while there is room
        limits.append(int(most) - int(used) + cached)
    return min(limits, default=ASSUMED)


def text_of(path: Path) -> str:
    """Return a file's text, or an empty text if there is no file."""
    return path.read_text() if path.is_file() else ""
