"""A sweep's runs dealt out to processes, each of which trains its share."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import chdir
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn

from litmlp import signals
from litmlp.console import console
from litmlp.jobs import Job
from litmlp.members import folder_of, standing

if TYPE_CHECKING:
    from litmlp.slots import Slot

LEAST = 16
"""Runs of which a process trains each as cheaply as of many, and which are worth its
start."""

Groups = Sequence[Sequence[Job]]
"""Jobs that can perhaps be stacked, together."""

Train = Callable[[Groups], None]


def dealt(groups: Groups, processes: int) -> list[list[Sequence[Job]]]:
    """What each process gets of the groups: parts of large ones, small ones whole."""
    pieces: list[Sequence[Job]] = []
    for group in groups:
        count = max(1, min(processes, len(group) // LEAST))
        pieces += [group[first::count] for first in range(count)]
    shares: list[list[Sequence[Job]]] = [[] for _ in range(processes)]
    for piece in sorted(pieces, key=len, reverse=True):
        min(shares, key=lambda share: sum(map(len, share))).append(piece)
    return [share for share in shares if share] or shares[:1]


@dataclass(frozen=True, kw_only=True)
class Share:
    """Groups to train in whichever process they are sent to.

    Args:
        groups: jobs that are not begun.
        train: trains them.
        state: what Hydra and OmegaConf know in the launcher's process.
        here: that process's working directory, which relative paths start from.
    """

    groups: Groups
    train: Train
    state: Any
    here: str

    def __call__(self) -> list[JobReturn]:
        Singleton.set_state(self.state)
        with chdir(self.here):
            self.train(self.groups)
        return [job.result for group in self.groups for job in group]


def train_shares(
    shares: Sequence[Groups], train: Train, slots: "Sequence[Slot]"
) -> None:
    """Train the first share in this process and each other one in a slot of its own."""
    own, *others = shares
    state, here = Singleton.get_state(), os.getcwd()
    sent = [
        slot.submit(Share(groups=groups, train=train, state=state, here=here))
        for groups, slot in zip(others, slots, strict=False)
    ]
    try:
        with signals.heeded():
            train(own)
            for groups, slot, future in zip(others, slots, sent, strict=False):
                receive(future, groups, slot, train)
    except BaseException:
        if sent:
            from litmlp.slots import end

            end(slots, sent)
        raise


def receive(
    future: "Future[list[JobReturn]]", groups: Groups, slot: "Slot", train: Train
) -> None:
    """Note what another process's jobs came to; train them if it was killed."""
    jobs = [job for group in groups for job in group]
    try:
        results = future.result()
    except BrokenProcessPool:
        console.print("a process was killed: its runs go on in this one")
        slot.renew()
        over = ("done", "failed")
        left = {id(j) for j in jobs if standing(folder_of(j.composed)) not in over}
        train([[job for job in group if id(job) in left] for group in groups])
        results = [job.result if id(job) in left else job.recorded() for job in jobs]
    for job, result in zip(jobs, results, strict=True):
        job.result = result
