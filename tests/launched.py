"""The training script in a process of its own, which may be killed."""

import itertools
import os
import re
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from interrupted import CLEAN

from litmlp.engine.folder.run_folder import read_summary
from litmlp.supervised import Supervised

SAID, STEPS = "said.txt", "steps.txt"


def launched(
    home: Path,
    *arguments: str,
    killed_after: float | None = None,
    killed_at: int | None = None,
) -> int:
    """Run ``scripts/train.py`` in a folder; returns its exit code.

    What it says goes to ``said.txt``, and ``steps.txt`` gets a line for each training
    step: the run's folder, and the iterations before it.

    Args:
        killed_after: seconds from the first training step to ``kill -9``, of the
            process's own time: others may be busy.
        killed_at: the training step at which it is killed, counted over all runs.
    """
    process = CLEAN.Process(
        target=_launch, args=(home, arguments, killed_after, killed_at)
    )
    process.start()
    process.join(180)
    assert process.exitcode is not None, "it does not end"
    return process.exitcode


def steps(home: Path) -> dict[str, list[int]]:
    """The training steps of each run, by its folder's name, in the order they came."""
    found: dict[str, list[int]] = {}
    for line in (home / STEPS).read_text().splitlines():
        folder, step = line.rsplit(" ", 1)
        found.setdefault(Path(folder).name, []).append(int(step))
    return found


def attempts(trained: Sequence[int]) -> list[range]:
    """The training steps of one run, each time that it was begun or went on."""
    breaks = [i for i in range(1, len(trained)) if trained[i] != trained[i - 1] + 1]
    pieces = zip([0, *breaks], [*breaks, len(trained)], strict=True)
    return [range(trained[i], trained[j - 1] + 1) for i, j in pieces]


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


def wait_until(happens: Callable[[], bool], seconds: float = 0.2) -> None:
    """Look again after some seconds each time, for two minutes at most."""
    for _ in range(int(120 / seconds)):
        if happens():
            return
        time.sleep(seconds)
    pytest.fail("it did not happen within two minutes")


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs ``scripts/train.py`` in a folder, until the block ends."""
    command = [sys.executable, str(ROOT / "scripts" / "train.py"), *arguments]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _launch(
    home: Path,
    arguments: Sequence[str],
    killed_after: float | None,
    killed_at: int | None,
) -> None:
    os.chdir(home)
    said = os.open(SAID, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    log = (home / STEPS).open("a", buffering=1)
    count = itertools.count(1)
    train = Supervised.training_step

    def noted(self: Supervised, *batch: Any) -> Any:
        number = next(count)
        if number == 1 and killed_after is not None:
            threading.Thread(target=_kill, args=(killed_after,), daemon=True).start()
        if number == killed_at:
            _kill()
        checkpoint: Any = self.trainer.checkpoint_callback
        log.write(f"{checkpoint.folder.parent} {self.trainer.global_step}\n")
        return train(self, *batch)

    Supervised.training_step = noted  # type: ignore[method-assign]
    path = str(ROOT / "scripts" / "train.py")
    sys.argv = [path, *arguments]
    runpy.run_path(path, run_name="__main__")


def _kill(seconds: float = 0.0) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGKILL)
