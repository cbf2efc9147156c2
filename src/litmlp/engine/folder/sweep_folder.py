"""The folder of a sweep: names and statuses of its runs, and the sweep's command."""

import re
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from litmlp.engine.folder import run_folder
from litmlp.engine.folder.atomic_files import replace
from litmlp.errors import UserError

LONGEST_NAME = 100

SEED = re.compile(r"(seed|seeds\.\w+|data\.(seed|split_seed|fold))=")
"""Overrides that repeat a run rather than change what is compared."""

LONG = re.compile(r"\d+\.\d{5,}(e[+-]?\d+)?")
"""A number of many digits, such as a sampler chooses; a name has four of them."""

COMMAND = "multirun.yaml"
"""File with the config that a sweep was launched with."""

STUDY = "study.db"
"""File of a search, with its trials."""


def run_name(overrides: list[str], command: list[str], config: DictConfig) -> str:
    """Name a run of a sweep by what varies: ``activation-relu+seed-3-0a1b2c3d``.

    Args:
        overrides: of this run.
        command: overrides of the sweep; those that are in it are the same in all runs.
        config: of this run; the name ends with the start of the config's hash.
    """
    texts = [text.lstrip("+~") for text in overrides if text not in command]
    varying = [
        LONG.sub(lambda number: f"{float(number[0]):.4g}", text)
        for text in texts
        if not text.startswith("sweep.")
    ]
    parts = [re.sub(r"[^A-Za-z0-9._]+", "-", text) for text in varying]
    name = "+".join(part.strip("-") for part in parts)[:LONGEST_NAME]
    return "-".join(filter(None, [name, run_folder.config_hash(config)[:8]]))


def known_name(name: str, existing: Sequence[str]) -> str:
    """Return the folder of the same config, which another command may have named.

    Args:
        name: by :func:`run_name`.
        existing: folders that were there when the sweep began.
    """
    if name in existing:
        return name
    code = name.rpartition("-")[2]
    return next((each for each in existing if each.rpartition("-")[2] == code), name)


def folder_of(config: DictConfig) -> Path:
    """Return the folder of a run of a sweep, by its config with Hydra's section."""
    return Path(config.hydra.sweep.dir, config.hydra.sweep.subdir).absolute()


def status_of(folder: Path) -> str:
    """Return ``done``, ``failed``, ``interrupted`` or ``running`` from a summary.

    Without a summary the status is ``new``; with a broken one it is ``failed``.
    """
    if not (folder / "summary.json").is_file():
        return "new"
    try:
        return str(run_folder.read_summary(folder)["status"])
    except UserError:
        return "failed"


def error_of(folder: Path) -> str:
    """Return the first line of a run's error, or nothing if it recorded none."""
    if not (folder / "summary.json").is_file():
        return ""
    try:
        return str(run_folder.read_summary(folder).get("error", "")).partition("\n")[0]
    except UserError as error:
        return str(error)


def holds_runs(folder: Path) -> bool:
    """Return whether a folder is that of a sweep whose runs have begun."""
    return any(folder.glob("*/summary.json"))


def holds_sweep(folder: Path) -> bool:
    """Return whether a sweep was launched into a folder."""
    return any(folder.glob("multirun*.yaml"))


def holds_search(folder: Path) -> bool:
    """Return whether the sweep of a folder is a search, not every combination."""
    return (folder / STUDY).is_file()


def latest_sweep(home: Path, *, search: bool) -> Path:
    """Return the newest search, or other sweep, by the time in its folder's name."""
    sweeps = [f for f in home.glob("*") if holds_sweep(f) and holds_search(f) == search]
    if not sweeps:
        kind = "search" if search else "sweep"
        raise UserError(f"sweep.resume=latest: there is no {kind} in {home}")
    return max(sweeps)


def write_command(sweep: Path, config: DictConfig) -> None:
    """Save the config of a launch; the file of an earlier launch gets a number."""
    if (sweep / COMMAND).exists():
        earlier = len(list(sweep.glob("multirun_*.yaml")))
        (sweep / COMMAND).rename(sweep / f"multirun_{earlier + 1}.yaml")
    replace(sweep / COMMAND, lambda partial: OmegaConf.save(config, partial))
