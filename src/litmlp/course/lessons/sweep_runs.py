"""The members of a lesson's sweep, read from their folders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars
import torch
from hydra.core.override_parser.overrides_parser import OverridesParser
from torch import Tensor

from litmlp.engine.folder import run_folder
from litmlp.engine.folder.sweep_folder import SEED
from litmlp.errors import UserError, nearest

Values = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Member:
    """A finished run of a sweep.

    Args:
        folder: of the run.
        settings: what its command says, by key: ``{"activation": "relu"}``.
        repeat: its seed and split: members that share them are compared.
    """

    folder: Path
    settings: dict[str, Any]
    repeat: tuple[str, ...]

    @cached_property
    def summary(self) -> run_folder.Summary:
        """``summary.json``."""
        return run_folder.read_summary(self.folder)

    @cached_property
    def weights(self) -> list[Tensor]:
        """Weight matrices [neurons, inputs] after the last epoch, input to output."""
        path = self.folder / "checkpoints" / "last.ckpt"
        state = torch.load(path, weights_only=True)["state_dict"]
        tensors = [state[name] for name in state if name.startswith("network.")]
        return [tensor for tensor in tensors if tensor.ndim == 2]

    @cached_property
    def records(self) -> polars.DataFrame:
        """``metrics.csv``: a row a step, a column a tag.

        Raises:
            UserError: the run wrote none.
        """
        path = self.folder / "metrics.csv"
        if not path.is_file():
            raise UserError(f"{self.folder} has no metrics.csv: choose logger=default")
        return polars.read_csv(path, infer_schema_length=None)

    def curve(self, tag: str) -> tuple[list[int], list[float]]:
        """Epochs and values of a tag of ``metrics.csv``.

        Raises:
            UserError: nothing was recorded under that tag.
        """
        if tag not in self.records.columns:
            known = nearest(tag, self.records.columns)
            raise UserError(f"{tag} is not in {self.folder}/metrics.csv. {known}")
        rows = self.records.select("epoch", tag).drop_nulls(tag)
        return rows["epoch"].to_list(), rows[tag].cast(polars.Float64).to_list()


def read_members(sweep: Path) -> list[Member]:
    """The members of a sweep that ended well, in the order in which they started."""
    summaries = [
        (path.parent, run_folder.read_summary(path.parent))
        for path in sorted(sweep.glob("*/summary.json"))
    ]
    done = [(path, s) for path, s in summaries if s["status"] == "done"]
    done.sort(key=lambda member: member[1]["started"])
    return [read_member(folder, summary["overrides"]) for folder, summary in done]


def read_member(folder: Path, overrides: list[str]) -> Member:
    """A member by its folder and its part of the sweep's command."""
    repeats = [text for text in overrides if SEED.match(text)]
    choices = [text for text in overrides if not SEED.match(text)]
    parsed = OverridesParser.create().parse_overrides(choices)
    settings = {choice.get_key_element(): choice.value() for choice in parsed}
    return Member(folder=folder, settings=settings, repeat=tuple(sorted(repeats)))


def axes(members: Sequence[Member]) -> list[str]:
    """The keys under which members differ, in the order of the command."""
    keys = dict.fromkeys(key for member in members for key in member.settings)
    return [key for key in keys if len(alike(members, [key])) > 1]


def alike(members: Sequence[Member], keys: Iterable[str]) -> dict[Values, list[Member]]:
    """Members by the values that they have under some keys, in order."""
    groups: dict[Values, list[Member]] = {}
    for member in members:
        values = tuple(str(member.settings.get(key)) for key in keys)
        groups.setdefault(values, []).append(member)
    return groups
