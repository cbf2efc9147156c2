"""The rows of a group: raw ones are held once, however many splits its members have."""

import copy
from collections.abc import Iterator, Sequence
from functools import cache

import torch
from torch import Tensor

from litmlp.data.data_module import Data
from litmlp.data.preprocessing import Features, Preprocessed, concatenate
from litmlp.engine.vectorized.batch_plan import Part
from litmlp.engine.vectorized.member import Member
from litmlp.engine.vectorized.padding import filled_up
from litmlp.engine.vectorized.stacked_loss import alike

AHEAD = 2**21
"""Raw numbers to preprocess at once, for as many iterations as need that many."""


class Rows:
    """Features and targets of the members' training and validation rows.

    The rows of one split that all share are preprocessed once. Of several splits, those
    of some iterations are, as they come: a split then takes no memory but for what is
    its own, the numbers of its rows, their targets and statistics. All are held until
    the last member is done.

    Args:
        members: all that there will be.
        device: where they are trained.
    """

    def __init__(self, members: Sequence[Member], device: torch.device) -> None:
        splits = {split_of(member): member.data for member in members}
        self._numbers = {split: number for number, split in enumerate(splits)}
        place = cache(lambda raw: raw.to(device))  # once for all splits of a table
        self._features = [
            features_of(data, place(data.samples.inputs)) for data in splits.values()
        ]
        self._is_kept = len(splits) == 1
        if self._is_kept:
            (own,) = self._features
            self._features = [{name: made(rows) for name, rows in own.items()}]
        targets = [data.split_targets for data in splits.values()]
        self._validation = [
            own["val"].to(device) if "val" in own else None for own in targets
        ]
        self.targets = concatenate([own["train"] for own in targets]).to(device)
        counts = torch.tensor([len(own["train"]) for own in targets])
        self._starts: list[int] = (counts.cumsum(0) - counts).tolist()
        self._columns = max(len(data.samples.columns) for data in splits.values())

    def start(self, member: Member) -> int:
        """The number of a member's first training row, among those of all splits."""
        return self._starts[self._numbers[split_of(member)]]

    def features(
        self,
        members: Sequence[Member],
        iterations: Sequence[Sequence[Part]],
        rows: Tensor,
    ) -> Iterator[list[Tensor]]:
        """Features [k, B, F] of each part, iteration by iteration.

        Args:
            members: that there are now.
            iterations: their parts.
            rows: the numbers [K, N] of their training rows.
        """
        by_split = alike(members, split_of)
        size = len(rows) * iterations[0][0].num_rows * self._columns
        step = 1 if self._is_kept else max(1, AHEAD // size)
        for i in range(0, len(iterations), step):
            some = iterations[i : i + step]
            columns = [part.columns for parts in some for part in parts]
            first, last = (min(c.start for c in columns), max(c.stop for c in columns))
            coming = rows[:, first:last]
            features = self._training(members, by_split, coming)
            for parts in some:
                yield [features[part.cut(first)].contiguous() for part in parts]

    def validation(self, member: Member) -> tuple[Tensor, Tensor] | None:
        """Features and targets of a member's validation rows, if it has any."""
        number = self._numbers[split_of(member)]
        targets = self._validation[number]
        return None if targets is None else (self._features[number]["val"][:], targets)

    def _training(
        self, members: Sequence[Member], by_split: list[list[int]], rows: Tensor
    ) -> Tensor:
        """Features [K, N, F] of training rows, by their numbers [K, N].

        Args:
            by_split: the members of each.
        """
        if self._is_kept:
            kept = self._features[0]["train"][rows.flatten()]
            return kept.view(*rows.shape, -1)
        found = rows.new_empty(0)
        for numbers in by_split:
            split = self._numbers[split_of(members[numbers[0]])]
            who = torch.tensor(numbers, device=rows.device)
            own = rows[who] - self._starts[split]
            features = made(self._features[split]["train"], own.flatten())
            if not len(found):
                found = features.new_empty(*rows.shape, features.shape[1])
            found[who] = features.view(*own.shape, -1)
        return found


def split_of(member: Member) -> int:
    """The same for members that share a split and how it is preprocessed."""
    return id(member.data.fitted_preprocessing)


def features_of(data: Data, inputs: Tensor) -> dict[str, Features]:
    """Training and validation rows, from raw features where they are trained."""
    preprocessing = data.fitted_preprocessing
    if inputs.device.type != "cpu":
        preprocessing = copy.deepcopy(preprocessing).to(inputs.device)
    return {
        name: Preprocessed(inputs, data.rows[name].to(inputs.device), preprocessing)
        for name in ("train", "val")
        if name in data.rows
    }


def made(rows: Features, places: Tensor | None = None) -> Tensor:
    """Features of some of the rows, or of all, with the same bits in any company."""
    if places is None:
        places = torch.arange(len(rows))
    return rows[filled_up(places[None])[0]][: len(places)]
