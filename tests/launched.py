"""The training script in a process of its own, which may be killed."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT

from litmlp.engine.folder.run_folder import read_summary


def run_folders(sweep: Path) -> dict[str, Path]:
    return {path.parent.name: path.parent for path in sweep.glob("*/summary.json")}


def status(folder: Path) -> str:
    return str(read_summary(folder)["status"])


def reported_runs(out: str) -> list[int]:
    """Numbers of the runs whose result was shown."""
    return [int(n) for n in re.findall(r"#(\d) : .*\n  (?:\d/\d  )?loss/val \d", out)]


def begun_again(folder: Path) -> list[int]:
    """The iterations after which a run went on, each time that it did."""
    log = (folder / "train.log").read_text()
    return [
        int(n.replace(",", "")) for n in re.findall("goes on +after ([0-9,]+)", log)
    ]


def children(parent: int) -> list[int]:
    """The processes that a process has begun."""
    listed = subprocess.run(
        ["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in listed.stdout.splitlines()]


def are_gone(processes: Sequence[int]) -> bool:
    """Whether processes end within ten seconds; a zombie has no command."""
    lines = [Path("/proc", str(process), "cmdline") for process in processes]
    for _ in range(100):
        if not any(line.exists() and line.read_bytes() for line in lines):
            return True
        time.sleep(0.1)
    return False


def wait_until(happens: Callable[[], bool], seconds: float = 0.2) -> None:
    """Look again after some seconds each time, for two minutes at most."""
    for _ in range(int(120 / seconds)):
        if happens():
            return
        time.sleep(seconds)
    pytest.fail("it did not happen within two minutes")


@contextmanager
def started(
    folder: Path, *arguments: str, stderr: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """A process that runs ``scripts/train.py`` in a folder, until the block ends."""
    command = [sys.executable, str(ROOT / "scripts" / "train.py"), *arguments]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=stderr, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()
