"""Processes that train a share of a sweep's runs each."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import chdir
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn

from litmlp.engine.folder.sweep_folder import folder_of, status_of
from litmlp.engine.process import signals
from litmlp.engine.terminal.console import console
from litmlp.engine.vectorized.dealing import Groups
from litmlp.engine.vectorized.display import Display, Place, shown
from litmlp.engine.vectorized.progress_table import Tally

if TYPE_CHECKING:
    from litmlp.engine.sweep.process_pool import Slot

Train = Callable[[Groups, Tally], None]
"""Trains what it is given, and notes how far it is."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """Groups to train in whichever process they are sent to.

    Args:
        groups: jobs that are not begun.
        train: trains them.
        place: where the launcher's process looks how far it is.
        state: what Hydra and OmegaConf know in the launcher's process.
        here: that process's working directory, which relative paths start from.
    """

    groups: Groups
    train: Train
    place: Place
    state: Any
    here: str

    def __call__(self) -> list[JobReturn]:
        Singleton.set_state(self.state)
        with chdir(self.here), self.place.taken() as tally:
            self.train(self.groups, tally)
        return [job.result for group in self.groups for job in group]


def train_shares(
    shares: Sequence[Groups], train: Train, slots: "Sequence[Slot]"
) -> None:
    """Train the first share in this process and each other one in a slot of its own."""
    own, *others = shares
    state, here = Singleton.get_state(), os.getcwd()
    runs = sum(len(group) for groups in shares for group in groups)
    with shown(runs, len(shares)) as (display, places):
        sent = [
            Share(groups=groups, train=train, place=place, state=state, here=here)
            for groups, place in zip(others, places, strict=True)
        ]
        futures = [slot.submit(s) for s, slot in zip(sent, slots, strict=False)]
        try:
            with signals.interrupt_on_signal():
                train(own, display.tally())
                for share, slot, future in zip(sent, slots, futures, strict=False):
                    receive(future, share, slot, display)
        except BaseException:
            if sent:
                from litmlp.engine.sweep.process_pool import end  # needs joblib

                end(slots, futures)
            raise


def receive(
    future: "Future[list[JobReturn]]", share: Share, slot: "Slot", display: Display
) -> None:
    """Note what another process's jobs came to; train them if it was killed."""
    jobs = [job for group in share.groups for job in group]
    try:
        results = future.result()
    except BrokenProcessPool:
        console.print("a process was killed: its runs go on in this one")
        slot.renew()
        display.tally(share.place.number).forget()
        over = ("done", "failed")
        left = {id(j) for j in jobs if status_of(folder_of(j.composed)) not in over}
        groups = [[job for job in group if id(job) in left] for group in share.groups]
        share.train(groups, display.tally())
        results = [job.result if id(job) in left else job.recorded() for job in jobs]
    for job, result in zip(jobs, results, strict=True):
        job.result = result
