"""The runs of a lesson's sweep, read from their folders."""

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
class SweepRun:
    """A finished run of a sweep."""

    folder: Path
    settings: dict[str, Any]  # its overrides by key: {"activation": "relu"}
    repeat: tuple[str, ...]  # its seed and split; runs that share them are compared

    @cached_property
    def summary(self) -> run_folder.Summary:
        """The content of ``summary.json``."""
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
        """The table ``metrics.csv``: one row per step, one column per tag."""
        path = self.folder / "metrics.csv"
        if not path.is_file():
            raise UserError(f"{self.folder} has no metrics.csv: choose logger=default")
        return polars.read_csv(path, infer_schema_length=None)

    def curve(self, tag: str) -> tuple[list[int], list[float]]:
        """Return epochs and values of a tag of ``metrics.csv``."""
        if tag not in self.records.columns:
            known = nearest(tag, self.records.columns)
            raise UserError(f"{tag} is not in {self.folder}/metrics.csv. {known}")
        rows = self.records.select("epoch", tag).drop_nulls(tag)
        return rows["epoch"].to_list(), rows[tag].cast(polars.Float64).to_list()


def read_runs(sweep: Path) -> list[SweepRun]:
    """Return the finished runs of a sweep, in the order in which they started."""
    runs = {}
    for path in sorted(sweep.glob("*/summary.json")):
        summary = run_folder.read_summary(path.parent)
        if summary["status"] == "done":
            repeats = sorted(text for text in summary["overrides"] if SEED.match(text))
            choices = [text for text in summary["overrides"] if text not in repeats]
            parsed = OverridesParser.create().parse_overrides(choices)
            settings = {choice.get_key_element(): choice.value() for choice in parsed}
            run = SweepRun(path.parent, settings, tuple(repeats))
            runs[run] = summary["started"]
    return sorted(runs, key=runs.__getitem__)


def axes(runs: Sequence[SweepRun]) -> list[str]:
    """Return the keys in which runs differ, in the order of the command."""
    keys = dict.fromkeys(key for run in runs for key in run.settings)
    return [key for key in keys if len(group_by(runs, [key])) > 1]


def group_by(
    runs: Sequence[SweepRun], keys: Iterable[str]
) -> dict[Values, list[SweepRun]]:
    """Group runs by their values under some keys, in order."""
    keys = list(keys)
    groups: dict[Values, list[SweepRun]] = {}
    for run in runs:
        values = tuple(str(run.settings.get(key)) for key in keys)
        groups.setdefault(values, []).append(run)
    return groups
