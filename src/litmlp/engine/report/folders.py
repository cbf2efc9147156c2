"""Where runs are, below the folders that someone names."""

import os
from collections.abc import Iterator, Sequence
from glob import glob
from pathlib import Path

from litmlp.engine.terminal.console import shortest
from litmlp.errors import UserError


def find_runs(patterns: Sequence[str]) -> list[Path]:
    """The folders of all runs that are, or lie anywhere below, what is named.

    Args:
        patterns: folders, or patterns such as ``logs/*/sweeps/*``.

    Raises:
        UserError: there is no such folder, or no run below it.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        exists = Path(pattern).exists()
        places = [pattern] if exists else sorted(glob(pattern, recursive=True))
        if not places:
            raise UserError(f"runs={pattern}: no such folder")
        runs = [run.resolve() for place in places for run in runs_below(Path(place))]
        if not runs:
            raise UserError(
                f"runs={pattern} holds no run: there is no summary.json in or below it"
            )
        found |= dict.fromkeys(runs)
    return [shortest(folder) for folder in found]


def runs_below(place: Path) -> Iterator[Path]:
    """Runs hold no other runs, so what is below one is not looked at."""
    for folder, below, files in os.walk(place):
        below.sort()
        if "summary.json" in files:
            below.clear()
            yield Path(folder)


def common_folder(folders: Sequence[Path]) -> Path:
    """The innermost folder that all runs are in."""
    parents = [folder.resolve().parent for folder in folders]
    return shortest(Path(os.path.commonpath(parents)))
