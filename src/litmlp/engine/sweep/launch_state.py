"""The state of one launch: its sweep, and the runs that are left to train."""

import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from omegaconf import DictConfig

from litmlp.engine.folder import run_folder
from litmlp.engine.folder.sweep_folder import error_of, status_of
from litmlp.engine.sweep.launch_checks import is_search
from litmlp.engine.terminal.console import console, shortest, table
from litmlp.engine.terminal.wording import command_words
from litmlp.errors import UserError

Planned = Mapping[Path, Sequence[str]]
"""The folders of a sweep's runs and their overrides."""

BEFORE = {
    "done": "done (skipped)",
    "running": "in use by another process (skipped)",
    "interrupted": "interrupted (goes on)",
    "failed": "failed (trained anew)",
    "new": "new",
}
"""How a sweep treats a run, by the status before the launch."""

AS_ABOVE = "as above"
"""Text in place of an error that another run of a sweep had before."""

GRACE = 5.0
"""Seconds that the processes of a killed launcher need to notice and end."""


class SweepStopped(BaseException):
    """The end of a sweep with ``sweep.on_error=stop``; launchers do not catch it."""


class LaunchRefused(BaseException):
    """The end of a launch before it begins; Hydra would only warn of an Exception."""

    def __init__(self, mistake: UserError) -> None:
        super().__init__(str(mistake))
        self.mistake = mistake


@dataclass
class Launch:
    """One call of a script, which trains a run or a sweep.

    Attributes:
        sweep: the config of the sweep.
        planned: the folders of all runs that the sweeper has chosen, numbered from 1.
        failures: the number of runs that are not done, and of lessons that failed.
        numbers: the numbers of runs in the sweep, by their overrides.
    """

    sweep: DictConfig | None = None
    planned: dict[Path, int] = field(default_factory=dict)
    failures: int = 0
    numbers: dict[tuple[str, ...], int] = field(default_factory=dict)

    def still_to_train(self, planned: Planned) -> list[Sequence[str]]:
        """Return the overrides of the runs to train; report the others.

        The files of a failed run are removed, so that its next attempt starts clean.
        """
        for folder in planned:
            self.planned.setdefault(folder, len(self.planned) + 1)
        found = settled_status(planned)
        if set(found.values()) - {"new"}:
            counts = Counter(found.values())
            parts = [f"{counts[key]} {BEFORE[key]}" for key in BEFORE if counts[key]]
            console.print(f"{len(planned)} runs: {', '.join(parts)}", soft_wrap=True)
        for folder, status in found.items():
            if status in ("done", "running"):
                line = f"  {self.position(folder)}skipped: {status}  {folder.name}"
                console.print(line, soft_wrap=True)
            if status == "failed":
                run_folder.discard(folder)
        left = [f for f, status in found.items() if status not in ("done", "running")]
        return [planned[folder] for folder in left]

    def position(self, folder: Path) -> str:
        """Return ``3/8  `` for the third of eight runs, nothing in a search."""
        if self.sweep is None or is_search(self.sweep) or folder not in self.planned:
            return ""
        return f"{self.planned[folder]}/{len(self.planned)}  "

    def left_over(self, sweep: Path) -> dict[Path, str]:
        """Return the runs in a sweep's folder that are not done, with their status."""
        found = sorted(path.parent.absolute() for path in sweep.glob("*/summary.json"))
        runs = {folder: status_of(folder) for folder in [*self.planned, *found]}
        return {folder: status for folder, status in runs.items() if status != "done"}


def show_left_over(left: Mapping[Path, str], sweep: Path) -> None:
    """Show which runs are not done and why, and the command that trains them."""
    if not left:
        return
    rows = table("not done", "status", "error")
    for column in rows.columns:
        column.justify, column.overflow = "left", "fold"
    seen: set[str] = set()
    for folder, status in left.items():
        shown, error = "not started" if status == "new" else status, error_of(folder)
        rows.add_row(folder.name, shown, AS_ABOVE if error in seen else error)
        seen |= {error} - {""}
    console.print(rows)
    typed = [text for text in sys.argv[1:] if not text.startswith("sweep.resume=")]
    command = shlex.join(
        [*command_words("train"), *typed, f"sweep.resume={shortest(sweep)}"]
    )
    console.print(f"resume       {command}", soft_wrap=True)


def settled_status(folders: Iterable[Path]) -> dict[Path, str]:
    """Return the status of runs, once the processes of a killed launcher have ended."""
    end = time.monotonic() + GRACE
    while True:
        found = {folder: status_of(folder) for folder in folders}
        if "running" not in found.values() or time.monotonic() > end:
            return found
        time.sleep(0.2)


_this: ContextVar[Launch] = ContextVar("launch")


@contextmanager
def launching() -> Iterator[Launch]:
    """Begin a launch; Hydra's plugins and hooks get it by :func:`this_launch`."""
    token = _this.set(Launch())
    try:
        yield _this.get()
    finally:
        _this.reset(token)


def this_launch() -> Launch:
    """Return the launch of this process, since Hydra hands no object to plugins."""
    return _this.get()
