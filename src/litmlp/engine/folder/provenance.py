"""Origin of a result beside its config: rows, machine, versions and commit."""

import functools
import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import litmlp

if TYPE_CHECKING:
    import torch

    from litmlp.data.data_module import Data


def of_data(data: "Data") -> dict[str, str | int]:
    """Return a fingerprint of the rows as they were read, and of their splits.

    Runs of one fingerprint saw the same numbers in the same rows.
    """
    samples = data.samples
    columns = [(c.name, c.kind, list(c.categories)) for c in samples.columns]
    names = json.dumps([columns, list(samples.target_names), list(samples.class_names)])
    splits = hashlib.sha256()
    for name, rows in data.rows.items():
        splits.update(name.encode() + rows.cpu().numpy().tobytes())
    return {
        "rows": len(samples.targets),
        "names": hashlib.sha256(names.encode()).hexdigest()[:16],
        "values": samples.digest[:16],
        "splits": splits.hexdigest()[:16],
    }


def changes_of_data(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs between two fingerprints of data, as texts for a message.

    An older version recorded less, of which nothing is said.
    """
    texts = {
        "rows": "the number of rows",
        "names": "the names of columns, categories or classes",
        "values": "the values or the order of the rows",
        "splits": "the rows of each split",
    }
    return [
        text
        for key, text in texts.items()
        if key in before and key in now and before[key] != now[key]
    ]


def of_machine(device: "torch.device") -> dict[str, str | int]:
    """Return the processor, the device that trains and the number of threads."""
    import torch  # takes seconds; --help reads versions only

    on_gpu = device.type == "cuda"
    return {
        "system": platform.platform(terse=True),
        "processor": processor(),
        "device": torch.cuda.get_device_name(device) if on_gpu else device.type,
        "threads": torch.get_num_threads(),
    }


def processor(described: Path = Path("/proc/cpuinfo")) -> str:
    """Return the name of the processor, as far as the system knows it."""
    if described.is_file():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of the software that a result depends on."""
    packages = ("torch", "lightning", "torchmetrics", "hydra-core")
    own = {"python": platform.python_version(), "litmlp": litmlp.__version__}
    return own | {package: version(package) for package in packages}


@functools.cache
def git_commit() -> str | None:
    """Return the commit of the working directory, if it is a git repository."""
    try:
        result = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return result.stdout.strip()
