"""Why two runs differ: configs, data, versions, hardware and code, side by side."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from litmlp.engine.config.hyperparameters import flat
from litmlp.engine.folder import run_folder
from litmlp.engine.folder.untrusted import blame_folder
from litmlp.engine.report.markup import Rows
from litmlp.engine.report.number_format import short
from litmlp.engine.report.terminal import show_table
from litmlp.engine.terminal.console import show
from litmlp.errors import UserError

COMPARED = (
    "data",
    "versions",
    "hardware",
    "git_commit",
    "monitor",
    "best_epoch",
    "best_value",
    "iterations",
    "metrics",
)
"""Of a summary; what differs in them is said after the config."""


def compare_runs(folders: Sequence[str]) -> None:
    """Show all that two runs differ in.

    Raises:
        UserError: they are not two folders of runs.
    """
    if len(folders) != 2:
        raise UserError(f"compare={list(folders)}: expected two folders: compare=[a,b]")
    one, other = (facts(Path(folder)) for folder in folders)
    rows = list(differences(one, other))
    show_table(Rows(["what", *folders], rows, texts=3))
    if not rows:
        show("the same config, data, versions, hardware, code and results")


def facts(folder: Path) -> dict[str, Any]:
    """What a run was given and what came out, by dotted keys."""
    config = run_folder.read_config(folder)
    config.folder = None
    summary = run_folder.read_summary(folder)
    with blame_folder(folder):
        content = {key: summary.get(key) for key in COMPARED}
        return flat(OmegaConf.to_container(config), "config") | flat(content)


def differences(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> Iterator[list[str]]:
    """Key and both values, wherever these differ."""
    for key in dict.fromkeys([*one, *other]):
        if one.get(key) != other.get(key):
            yield [key, *(short(facts.get(key, "")) for facts in (one, other))]
