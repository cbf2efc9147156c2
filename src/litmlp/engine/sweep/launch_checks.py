"""Checks of a command, and the overrides that it stands for, before a launch."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from omegaconf import DictConfig, read_write

from litmlp.engine.config.launch_command import as_typed
from litmlp.engine.folder import run_folder
from litmlp.engine.folder.sweep_folder import (
    folder_of,
    holds_runs,
    holds_sweep,
    latest_sweep,
    status_of,
)
from litmlp.engine.run import resume
from litmlp.errors import UserError

ONCE = {
    "sweep.seeds=": "repeats the runs of a sweep",
    "sweep.resume=": "continues a sweep",
}
"""Overrides that only a sweep has, and what they do."""


def check_name(name: str | None) -> None:
    """Check that a name is that of a folder under logs/."""
    if name is None:
        raise UserError("name=null: give letters, digits and ._+-, as in name=mine")
    if not re.fullmatch(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]*", str(name)):
        raise UserError(f"name={name}: only letters, digits and ._+- are allowed")


def check_resumed_folder(config: DictConfig) -> None:
    """Check that a run is resumed in its own folder."""
    folder = resume.folder_to_resume(Path("logs") / config.name / "runs", config.resume)
    if Path(config.hydra.run.dir) != folder:
        raise UserError(f"hydra.run.dir={config.hydra.run.dir}: resume= says where")


def check_single_run(config: DictConfig) -> None:
    """Check that the command of a single run has no override of a sweep."""
    for override in as_typed(config.hydra.overrides.task):
        for start, meaning in ONCE.items():
            if override.startswith(start):
                raise UserError(f"{override} {meaning}: add -m")


def check_on_error(config: DictConfig) -> None:
    """Check the value of ``sweep.on_error``."""
    if config.sweep.on_error not in ("continue", "stop"):
        given = config.sweep.on_error
        raise UserError(f"sweep.on_error={given}: allowed are continue and stop")


def resume_sweep(config: DictConfig) -> None:
    """Replace ``sweep.resume=<folder>`` by ``hydra.sweep.dir=<folder>``."""
    wanted = config.sweep.resume
    if wanted is None:
        return
    home = Path("logs", config.name, "sweeps")
    latest = wanted == "latest"
    folder = (
        latest_sweep(home, search=is_search(config)) if latest else Path(str(wanted))
    )
    if not holds_sweep(folder):
        raise UserError(f"sweep.resume={wanted}: {folder} holds no sweep")
    with read_write(config.hydra):
        config.hydra.sweep.dir = str(folder)
        typed = [
            text
            for text in as_typed(config.hydra.overrides.task)
            if not text.startswith("sweep.resume=")  # no override of its runs
        ]
        config.hydra.overrides.task = typed
        quoted = str(folder).replace("'", "\\'")
        config.hydra.overrides.hydra.append(f"hydra.sweep.dir='{quoted}'")


def check_latest(config: DictConfig, runs: Iterable[Path]) -> None:
    """Check that ``sweep.resume=latest`` has found a sweep of the same question."""
    sweep = Path(config.hydra.sweep.dir)
    is_other = holds_runs(sweep) and not any(map(Path.exists, runs))
    if config.sweep.resume == "latest" and is_other:
        raise UserError(
            f"sweep.resume=latest: {sweep} has no run of this command: to add runs to "
            f"it nevertheless, give sweep.resume={sweep}"
        )


def check_own_folders(
    configs: Iterable[DictConfig], jobs: Sequence[Sequence[str]]
) -> dict[Path, Sequence[str]]:
    """Return the overrides of each run by its folder.

    Raises:
        UserError: different runs share a folder, or it holds another run already.
    """
    runs: dict[Path, Sequence[str]] = {}
    hashes: dict[Path, str] = {}
    for config, job in zip(configs, jobs, strict=True):
        folder, own = folder_of(config), run_folder.config_hash(config)
        if status_of(folder) == "done":
            earlier = run_folder.read_summary(folder).get("config_hash", own)
            hashes.setdefault(folder, earlier)
        if hashes.setdefault(folder, own) != own:
            raise UserError(
                f"hydra.sweep.subdir={folder.name}: two different runs in one folder: "
                "${hydra.job.num} or ${hydra.job.override_dirname} tells them apart, "
                "and so does the default"
            )
        runs[folder] = job
    return runs


def is_search(config: DictConfig) -> bool:
    """Return whether a sweep is a search, by its sweeper."""
    return str(config.hydra.sweeper._target_).endswith(".OptunaSweeper")


def as_overrides(params: Mapping[str, object]) -> list[str]:
    """Return the keys and values of a file as a user would type them."""
    return [f"{key}={'null' if v is None else v}" for key, v in params.items()]


def repeat_with_seeds(config: DictConfig) -> None:
    """Replace ``sweep.seeds=5`` by ``seed=range(5)``."""
    seeds = config.sweep.seeds
    if seeds is None:
        return
    if type(seeds) is not int or seeds < 1:
        raise UserError(f"sweep.seeds={seeds}: expected a number of 1 or more")
    for override in as_typed(config.hydra.overrides.task):
        if override.startswith("seed="):
            raise UserError(
                f"{override}: sweep.seeds={seeds} says which; give only one"
            )
    with read_write(config.hydra):
        config.hydra.overrides.task.append(f"seed=range({seeds})")
