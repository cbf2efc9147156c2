"""A comparison of two runs: config, data, versions, hardware, code and results."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from litmlp.engine.config.hyperparameters import flat
from litmlp.engine.folder import run_folder
from litmlp.engine.folder.untrusted_folder import blame_folder
from litmlp.engine.report.console_report import show_table
from litmlp.engine.report.run_record import short
from litmlp.engine.report.text_tables import TextTable
from litmlp.engine.terminal.console import show
from litmlp.errors import UserError

COMPARED = (
    *("data", "versions", "hardware", "git_commit", "monitor", "best_epoch"),
    *("best_value", "iterations", "metrics"),
)
"""Keys of a summary whose differences are shown after those of the config."""


def compare_runs(folders: Sequence[str]) -> None:
    """Show all differences of two runs.

    Raises:
        UserError: they are not two folders of runs.
    """
    if len(folders) != 2:
        raise UserError(f"compare={list(folders)}: expected two folders: compare=[a,b]")
    one, other = (facts(Path(folder)) for folder in folders)
    rows = [
        [key, *(short(values.get(key, "")) for values in (one, other))]
        for key in dict.fromkeys([*one, *other])
        if one.get(key) != other.get(key)
    ]
    if rows:
        show_table(TextTable(["what", *folders], rows, left=3), len(rows))
    else:
        show("the same config, data, versions, hardware, code and results")


def facts(folder: Path) -> dict[str, Any]:
    """Return config and results of a run, by dotted keys."""
    config = run_folder.read_config(folder)
    config.folder = None
    summary = run_folder.read_summary(folder)
    with blame_folder(folder):
        content = {key: summary.get(key) for key in COMPARED}
        return flat(OmegaConf.to_container(config), "config") | flat(content)
