"""Processes that train a part of a sweep's runs each."""

from collections.abc import Callable, Sequence
from math import ceil

from litmlp.engine.process import signals
from litmlp.engine.sweep.job_launcher import Job
from litmlp.engine.sweep.parallel_launcher import JobGroups, SentJobs
from litmlp.engine.sweep.process_pool import Slot, end
from litmlp.engine.vectorized import LEAST
from litmlp.engine.vectorized.display import Display


def deal_out(groups: JobGroups, processes: int, most: int) -> list[list[Sequence[Job]]]:
    """Return the groups of each process.

    Args:
        groups: large ones are cut, small ones are not.
        processes: their number.
        most: the largest number of jobs of a group.
    """
    pieces = [
        piece
        for group in groups
        for share in cut(group, min(processes, len(group) // LEAST))
        for piece in cut(share, ceil(len(share) / most))
    ]
    parts: list[list[Sequence[Job]]] = [[] for _ in range(processes)]
    for piece in sorted(pieces, key=len, reverse=True):
        min(parts, key=lambda part: sum(map(len, part))).append(piece)
    return [part for part in parts if part] or parts[:1]


def cut(group: Sequence[Job], count: int) -> list[Sequence[Job]]:
    """Return a group in so many pieces, or in one."""
    count = max(1, count)
    return [group[first::count] for first in range(count)]


def train_in_processes(
    parts: Sequence[JobGroups], train: Callable[..., None], slots: Sequence[Slot]
) -> None:
    """Train the first part in this process and each other part in another process."""
    own, *others = parts
    sent = [SentJobs(groups=part, train=train) for part in others]
    futures = [slot.submit(each) for each, slot in zip(sent, slots, strict=False)]
    display = Display(sum(map(len, own)))
    try:
        with signals.interrupt_on_signal(), display.show():
            train(own, display)
            for each, slot, future in zip(sent, slots, futures, strict=False):
                ended = slot.result(future)
                each.receive(ended)
                if ended and ended.stop:
                    raise ended.stop
    except BaseException:
        if futures:
            end(slots, futures)
        raise
