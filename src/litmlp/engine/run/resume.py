"""Resuming a run in its own folder, as if it had never been interrupted."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from litmlp.engine.config.launch_command import as_typed
from litmlp.engine.folder import provenance, run_folder
from litmlp.engine.folder.lock import is_held
from litmlp.engine.folder.untrusted_folder import (
    blame_folder,
    check_links,
    check_writers,
)
from litmlp.errors import UserError

if TYPE_CHECKING:
    from litmlp.data.data_module import Data

BUDGETS = ("trainer.max_epochs", "trainer.max_steps", "trainer.max_time")
"""Keys that limit the training."""

CHANGEABLE = (
    *BUDGETS,
    *(f"callbacks.checkpoint.{name}" for name in run_folder.INTERVALS),
)
"""Keys that may change when a run is resumed."""

COMMAND = Path(".hydra") / "overrides.yaml"


def folder_to_resume(parent: Path, resume: str) -> Path:
    """Return the folder of ``resume=``: as given, or the newest unfinished run's."""
    if resume != run_folder.LATEST:
        folder = Path(resume)
        if not has_saved_command(folder):
            raise UserError(f"resume={resume} holds no run: it has no {COMMAND}")
    else:
        begun = filter(has_saved_command, sorted(parent.glob("*"), reverse=True))
        unfinished = (f for f in begun if not run_folder.is_done(f) and not is_held(f))
        if (newest := next(unfinished, None)) is None:
            raise UserError(f"resume={resume}: no unfinished run in {parent}")
        folder = newest
    check_links(folder)  # before Hydra opens its log
    return folder


def has_saved_command(folder: Path) -> bool:
    """Return whether the command of a run is written, the last file of its launch."""
    path = folder / COMMAND
    return path.is_file() and path.stat().st_size > 0


def check_changes(overrides: list[str]) -> None:
    """Check that a resumed run keeps its config, apart from its budget."""
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~")
        if key not in ("resume", "name", *CHANGEABLE):
            raise UserError(
                f"{override}: a resumed run keeps its config; only its budget and when "
                f"it writes checkpoints can change: {', '.join(CHANGEABLE)}"
            )


def config_to_resume(config: DictConfig) -> DictConfig:
    """Return the saved config of the run to resume, with the changes of the command.

    Hydra's own config gets the overrides and choices of the run, too.
    """
    # Loading takes seconds: a command line does not wait.
    from litmlp.engine.config.run_settings import use_available_device

    folder = Path(config.folder)
    stored = run_folder.read_config(folder)
    check_writers(stored, folder / ".hydra" / "config.yaml")
    given = [
        override
        for override in as_typed(HydraConfig.get().overrides.task)
        if override.partition("=")[0].lstrip("+") in CHANGEABLE
    ]
    for override in given:
        key = override.partition("=")[0].lstrip("+")
        OmegaConf.update(stored, key, OmegaConf.select(config, key))
    if not same_budget(folder, stored):
        check_budget(stored)
    restore_command(folder, given)
    use_available_device(stored)
    unresolved = cast(dict[str, Any], OmegaConf.to_container(config, resolve=False))
    stored.folder, stored.resume = unresolved["folder"], config.resume
    OmegaConf.set_struct(stored, True)
    return stored


def restore_command(folder: Path, given: list[str]) -> None:
    """Let ``HydraConfig`` have the overrides and choices of the run's launch."""
    hydra = cast(DictConfig, HydraConfig.get())
    with blame_folder(folder), read_write(hydra), open_dict(hydra):
        launched = OmegaConf.load(folder / ".hydra" / "hydra.yaml")
        hydra.overrides.task = [*OmegaConf.load(folder / COMMAND), *given]
        hydra.runtime.choices = launched.hydra.runtime.choices


def same_budget(folder: Path, config: DictConfig) -> bool:
    """Return whether a config has the budget of the run in a folder."""
    stored = run_folder.read_config(folder)
    return all(
        OmegaConf.select(stored, k) == OmegaConf.select(config, k) for k in BUDGETS
    )


def check_budget(config: DictConfig) -> None:
    """Check a new budget before anything is written."""
    # Loading takes seconds: a command line does not wait.
    from litmlp.engine.config.build import check_max_time
    from litmlp.schedulers import TOTAL
    from litmlp.value_checks import check_value

    trainer = config.trainer
    check_value(trainer.max_epochs, int | None, "trainer.max_epochs")
    check_value(trainer.max_steps, int, "trainer.max_steps")
    check_max_time(trainer.max_time)
    if TOTAL in config.scheduler.values():
        raise UserError(
            "the learning-rate schedule of this run was made for its first budget: "
            "start a new run for another budget"
        )


def check_budget_left(config: DictConfig, content: Mapping[str, Any]) -> None:
    """Check that the budget is not smaller than the training so far.

    Args:
        config: with the budget.
        content: of the checkpoint.
    """
    done = {
        "max_epochs": content["loops"]["fit_loop"]["epoch_progress"]["current"][
            "started"
        ],
        "max_steps": content["global_step"],
    }
    for name, count in done.items():
        limit = config.trainer[name]
        if limit not in (None, -1) and int(limit) < count:
            raise UserError(
                f"trainer.{name}={limit}: the run has reached {count} already"
            )


def is_finished(folder: Path, config: DictConfig) -> bool:
    """Return whether a folder holds a finished run whose budget is not extended."""
    more = config.get("resume") is not None and not same_budget(folder, config)
    return run_folder.is_done(folder) and not more


def valid_entries(folder: Path, config: DictConfig) -> run_folder.Summary:
    """Return the entries of ``summary.json`` that stay valid when a run is resumed."""
    if not (folder / "summary.json").is_file():
        return {}
    summary = run_folder.read_summary(folder)
    same = summary.get("config_hash") == run_folder.config_hash(config)
    if config.get("resume") is not None:
        same = same_budget(folder, config)
    elif not same and any(folder.glob("checkpoints/*.ckpt")):
        raise UserError(f"{folder} holds an unfinished run of another config")
    kept = {"data", *(["started", "config_hash", "overrides"] if same else [])}
    return {name: summary[name] for name in summary if name in kept}


def check_same_data(folder: Path, data: "Data") -> None:
    """Check that a run goes on with the data that it began with."""
    if not (folder / "summary.json").is_file():
        return
    before = run_folder.read_summary(folder).get("data") or {}
    changes = provenance.changes_of_data(before, provenance.of_data(data))
    if changes:
        raise UserError(
            f"{folder}: the data have changed since this run began: "
            f"{'; '.join(changes)}. Put the old data back, or start a new run"
        )
