"""The members of a sweep: what they are called, and what has become of each."""

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
OF_SWEEP = re.compile(r"sweep\.")

COMMAND = "multirun.yaml"
"""The file in a sweep's folder that says what was launched."""

STUDY = "study.db"
"""The file of a search, with its trials."""

ENSEMBLE = "ensemble.json"
"""The file in a sweep's folder that says what the mean of its runs is worth."""


def member_name(overrides: list[str], command: list[str], config: DictConfig) -> str:
    """``activation-relu+seed-3-0a1b2c3d``: what varies, and the config's hash.

    Args:
        overrides: of this member.
        command: of the whole sweep; what stands there too is the same for all.
        config: of this member.
    """
    texts = [text.lstrip("+~") for text in overrides if text not in command]
    varying = [LONG.sub(rounded, text) for text in texts if not OF_SWEEP.match(text)]
    parts = [re.sub(r"[^A-Za-z0-9._]+", "-", text) for text in varying]
    name = "+".join(part.strip("-") for part in parts)[:LONGEST_NAME]
    return "-".join(filter(None, [name, run_folder.config_hash(config)[:8]]))


def rounded(number: re.Match[str]) -> str:
    """Four digits of a long number, such as a sampler chooses."""
    return f"{float(number[0]):.4g}"


def known_name(name: str, existing: Sequence[str]) -> str:
    """The folder of the same config, which another command may have named otherwise.

    Args:
        name: by :func:`member_name`.
        existing: folders that were there when the sweep began.
    """
    if name in existing:
        return name
    code = name.rpartition("-")[2]
    return next((each for each in existing if each.rpartition("-")[2] == code), name)


def folder_of(config: DictConfig) -> Path:
    """Where a member's files go, by its config with Hydra's part of it."""
    return Path(config.hydra.sweep.dir, config.hydra.sweep.subdir).absolute()


def standing(folder: Path) -> str:
    """``done``, ``failed``, ``interrupted`` or ``running``, as its summary says.

    ``new`` if there is none. A broken summary counts as failed.
    """
    if not (folder / "summary.json").is_file():
        return "new"
    try:
        return str(run_folder.read_summary(folder)["status"])
    except UserError:
        return "failed"


def with_result(sweep: Path) -> list[Path]:
    """The folders of a sweep's runs that are done and have not diverged."""
    found = outcomes(sweep)
    return [folder for folder in found if found[folder] == "done"]


def outcomes(sweep: Path) -> dict[Path, str]:
    """The :func:`standing` of a sweep's runs; ``diverged`` if done without a result."""
    folders = sorted(path.parent for path in sweep.glob("*/summary.json"))
    found = {folder: standing(folder) for folder in folders}
    for folder in folders:
        if found[folder] == "done":
            value = run_folder.read_summary(folder).get("best_value")
            found[folder] = "diverged" if value is None else "done"
    return found


def saw_the_same_rows(folders: Sequence[Path]) -> bool:
    """Whether runs were trained and tested on the same rows, as far as is known."""
    data = [run_folder.read_summary(folder).get("data") for folder in folders]
    return bool(data[0]) and all(own == data[0] for own in data)


def error_of(folder: Path) -> str:
    """The first line of what went wrong with a member, if it left any word of it."""
    if not (folder / "summary.json").is_file():
        return ""
    try:
        return str(run_folder.read_summary(folder).get("error", "")).partition("\n")[0]
    except UserError as error:
        return str(error)


def holds_members(folder: Path) -> bool:
    """Whether a folder is that of a sweep whose runs have begun, and not of a run."""
    return any(folder.glob("*/summary.json"))


def holds_sweep(folder: Path) -> bool:
    """Whether a sweep was launched into a folder."""
    return any(folder.glob("multirun*.yaml"))


def holds_search(folder: Path) -> bool:
    """Whether that sweep is a search; otherwise it trains every combination."""
    return (folder / STUDY).is_file()


def latest_sweep(home: Path, *, search: bool) -> Path:
    """The newest search, or other sweep, in a folder of sweeps, named by their time.

    Raises:
        UserError: there is none.
    """
    sweeps = [f for f in home.glob("*") if holds_sweep(f) and holds_search(f) == search]
    if not sweeps:
        kind = "search" if search else "sweep"
        raise UserError(f"sweep.resume=latest: there is no {kind} in {home}")
    return max(sweeps)


def note_command(sweep: Path, config: DictConfig) -> None:
    """Save what was launched; the file of an earlier command gets a number."""
    if (sweep / COMMAND).exists():
        earlier = len(list(sweep.glob("multirun_*.yaml")))
        (sweep / COMMAND).rename(sweep / f"multirun_{earlier + 1}.yaml")
    replace(sweep / COMMAND, lambda partial: OmegaConf.save(config, partial))
