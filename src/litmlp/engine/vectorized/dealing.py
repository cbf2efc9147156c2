"""A sweep's runs dealt out to processes."""

from collections.abc import Sequence

from litmlp.engine.sweep.jobs import Job

LEAST = 16
"""Runs of which a process trains each as cheaply as of many, and which are worth its
start."""

Groups = Sequence[Sequence[Job]]
"""Jobs that can perhaps be stacked, together."""


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
