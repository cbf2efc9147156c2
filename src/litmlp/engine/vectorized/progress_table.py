"""How far each process is with its part of a sweep, in memory that all can read."""

import math
from collections.abc import Sequence
from typing import cast

import numpy as np
from lightning.pytorch import Callback, LightningModule, Trainer

from litmlp.callbacks.progress import share_done
from litmlp.engine.vectorized.group import Group
from litmlp.engine.vectorized.member import Member

KIND = np.dtype(
    [
        ("built", int),  # runs so far
        ("ended", int),  # of those
        ("training", int),  # of those, side by side
        ("share", float),  # the parts of their budgets that these have used, added up
        ("epoch", int),  # that these are in
        ("limit", int),  # the most epochs of one of them
        ("metric", "U100"),  # that they monitor
        ("mode", "U3"),  # which end of it is best
        ("best", float),  # of all runs so far; NaN before there is one
    ]
)
"""Of a process."""


class Tally(Callback):
    """Notes how far a process is: a callback of the Trainer of a group.

    Args:
        row: of ``KIND``.
    """

    def __init__(self, row: np.void) -> None:
        self.row = row

    def count(self, name: str, runs: int = 1) -> None:
        """So many more are ``built``, or have ``ended``."""
        self.row[name] += runs

    def leave(self, member: Member) -> None:
        """A run that trained beside others has ended."""
        row = self.row
        row["training"] = max(0, row["training"] - 1)
        row["share"] = max(0.0, row["share"] - share_done(member.trainer, 0))
        self.count("ended")

    def on_train_epoch_start(self, trainer: Trainer, group: LightningModule) -> None:
        members, row = cast(Group, group).members, self.row
        first = members[0].checkpoint
        if row["metric"] != first.monitor:
            row["metric"], row["mode"] = first.monitor, first.mode
            row["best"] = math.nan
        alike = [m.checkpoint for m in members if m.checkpoint.monitor == first.monitor]
        values = [checkpoint.best_value for checkpoint in alike]
        row["best"] = best([row["best"], *values], first.mode)
        row["share"] = sum(share_done(member.trainer, 0) for member in members)
        row["epoch"] = 1 + max(member.trainer.current_epoch for member in members)
        row["limit"] = max(member.trainer.max_epochs or 0 for member in members)
        row["training"] = len(members)

    def on_train_end(self, trainer: Trainer, group: LightningModule) -> None:
        self.rest()

    def on_exception(
        self, trainer: Trainer, group: LightningModule, exception: BaseException
    ) -> None:
        self.rest()

    def rest(self) -> None:
        """Nothing is under way now."""
        self.row["training"], self.row["share"] = 0, 0.0

    def forget(self) -> None:
        """What had not ended will never do so: its process is no more."""
        self.rest()
        self.row["built"] = self.row["ended"]


def best(values: Sequence[float], mode: str) -> float:
    """Of those that are numbers; NaN if none is."""
    choose = np.fmax if mode == "max" else np.fmin
    return float(choose.reduce(values))
