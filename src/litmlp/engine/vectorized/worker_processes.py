"""Processes that train a part of a sweep's runs each."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hydra.core.utils import JobReturn

from litmlp.engine.process import signals
from litmlp.engine.sweep.job_launcher import Job
from litmlp.engine.sweep.parallel_launcher import JobOutcome
from litmlp.engine.sweep.parent_state import LauncherProcess
from litmlp.engine.terminal.console import console
from litmlp.engine.vectorized import LEAST
from litmlp.engine.vectorized.display import Display

if TYPE_CHECKING:
    from litmlp.engine.sweep.process_pool import Slot

JobGroups = Sequence[Sequence[Job]]
"""Groups of jobs that can perhaps be stacked."""

Train = Callable[[JobGroups, Display], None]

Results = tuple[list[JobReturn], JobOutcome]
"""The results of the jobs of another process, and all that it has printed."""


def deal_out(groups: JobGroups, processes: int) -> list[list[Sequence[Job]]]:
    """Return the groups of each process: large groups are cut, small ones are not."""
    pieces: list[Sequence[Job]] = []
    for group in groups:
        count = max(1, min(processes, len(group) // LEAST))
        pieces += [group[first::count] for first in range(count)]
    parts: list[list[Sequence[Job]]] = [[] for _ in range(processes)]
    for piece in sorted(pieces, key=len, reverse=True):
        min(parts, key=lambda part: sum(map(len, part))).append(piece)
    return [part for part in parts if part] or parts[:1]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Groups of jobs that another process trains.

    Args:
        groups: jobs that are not begun.
        train: trains them.
        launcher: the process that sends them.
    """

    groups: JobGroups
    train: Train
    launcher: LauncherProcess

    @property
    def jobs(self) -> list[Job]:
        """All jobs of the groups."""
        return [job for group in self.groups for job in group]

    def __call__(self) -> Results:
        said = JobOutcome()
        with (
            self.launcher.imitated(),
            redirect_stdout(said.out),
            redirect_stderr(said.err),
        ):
            self.train(self.groups, Display(len(self.jobs), is_shown=False))
        return [job.result for job in self.jobs], said


def train_in_processes(
    parts: Sequence[JobGroups], train: Train, slots: "Sequence[Slot]"
) -> None:
    """Train the first part in this process and each other part in another process."""
    own, *others = parts
    launcher = LauncherProcess()
    pairs = [
        (Part(groups=groups, train=train, launcher=launcher), slot)
        for groups, slot in zip(others, slots, strict=False)
    ]
    futures = [slot.submit(part) for part, slot in pairs]
    display = Display(sum(map(len, own)))
    try:
        with signals.interrupt_on_signal(), display.show():
            train(own, display)
            for (part, slot), future in zip(pairs, futures, strict=True):
                receive(future, part, slot)
    except BaseException:
        if futures:
            from litmlp.engine.sweep.process_pool import end  # needs joblib

            end(slots, futures)
        raise


def receive(future: "Future[Results]", part: Part, slot: "Slot") -> None:
    """Take over the results of another process; the runs of a killed one are left."""
    try:
        results, said = future.result()
        said.print_output(set())
    except BrokenProcessPool:
        console.print("a process was killed: the sweep goes on without its runs")
        slot.renew()
        results = [job.returned() for job in part.jobs]
    for job, result in zip(part.jobs, results, strict=True):
        job.result = result
