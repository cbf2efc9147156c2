"""The software that a result depends on."""

import functools
import platform
import subprocess
from importlib.metadata import version


@functools.cache
def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    packages = ("litmlp", "torch", "lightning", "torchmetrics", "hydra-core")
    return {"python": platform.python_version()} | {
        package: version(package) for package in packages
    }


@functools.cache
def git_commit() -> str | None:
    """The commit of the working directory, if it is a git repository."""
    try:
        result = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return result.stdout.strip()
