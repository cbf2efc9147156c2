"""A run that goes on in its own folder, as if it had never been interrupted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from litmlp.engine.config.overrides import as_typed
from litmlp.engine.folder import run_folder
from litmlp.engine.folder.lock import is_held
from litmlp.engine.folder.untrusted import blame_folder, refuse_outside, refuse_ways_out
from litmlp.errors import UserError

LATEST = "latest"

BUDGETS = ("trainer.max_epochs", "trainer.max_steps", "trainer.max_time")
"""What says how long a run is trained."""

CHANGEABLE = (
    *BUDGETS,
    *(f"callbacks.checkpoint.{name}" for name in run_folder.INTERVALS),
)
"""What may be changed of a run that goes on."""

COMMAND = Path(".hydra") / "overrides.yaml"


def folder_to_resume(parent: Path, resume: str) -> Path:
    """The folder that ``resume=`` means: itself, or the newest unfinished run's.

    Raises:
        UserError: there is no such run.
    """
    if resume != LATEST:
        folder = Path(resume)
        if not has_begun(folder):
            raise UserError(f"resume={resume} holds no run: it has no {COMMAND}")
        refuse_ways_out(folder)  # before Hydra opens its log
        return folder
    begun = [folder for folder in sorted(parent.glob("*")) if has_begun(folder)]
    open_ones = [f for f in begun if not run_folder.is_done(f) and not is_held(f)]
    if not open_ones:
        raise UserError(f"resume={LATEST}: no unfinished run in {parent}")
    refuse_ways_out(open_ones[-1])
    return open_ones[-1]


def has_begun(folder: Path) -> bool:
    """Whether Hydra has written all it knows of a run; this file comes last."""
    path = folder / COMMAND
    return path.is_file() and path.stat().st_size > 0


def refuse_changes(overrides: list[str]) -> None:
    """A run goes on as it was begun.

    Raises:
        UserError: something else than its budget is to change.
    """
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~")
        if key not in ("resume", "name", *CHANGEABLE):
            raise UserError(
                f"{override}: a run goes on as it was begun; only its budget and when "
                f"it writes checkpoints can change: {', '.join(CHANGEABLE)}"
            )


def as_begun(config: DictConfig) -> DictConfig:
    """The config of the run that ``resume=`` means, with the changes that are given.

    Hydra's own config becomes that of the run, too: its overrides and choices.
    """
    folder = Path(config.folder)
    stored = run_folder.read_config(folder)
    refuse_outside(stored, folder / ".hydra" / "config.yaml")
    given = [
        override
        for override in as_typed(HydraConfig.get().overrides.task)
        if override.partition("=")[0].lstrip("+") in CHANGEABLE
    ]
    for override in given:
        key = override.partition("=")[0].lstrip("+")
        OmegaConf.update(stored, key, OmegaConf.select(config, key))
    if not same_budget(folder, stored):
        refuse_budget(stored)
    remember_command(folder, given)
    stored.folder, stored.resume = config._get_node("folder"), config.resume
    OmegaConf.set_struct(stored, True)
    return stored


def remember_command(folder: Path, given: list[str]) -> None:
    """Let ``HydraConfig`` speak of the run as it was launched."""
    hydra = cast(DictConfig, HydraConfig.get())
    with blame_folder(folder), read_write(hydra), open_dict(hydra):
        launched = OmegaConf.load(folder / ".hydra" / "hydra.yaml")
        hydra.overrides.task = [*OmegaConf.load(folder / COMMAND), *given]
        hydra.runtime.choices = launched.hydra.runtime.choices


def same_budget(folder: Path, config: DictConfig) -> bool:
    """Whether the config has the budget that the run in the folder has."""
    stored = run_folder.read_config(folder)
    return all(
        OmegaConf.select(stored, k) == OmegaConf.select(config, k) for k in BUDGETS
    )


def refuse_budget(config: DictConfig) -> None:
    """Find mistakes in a new budget before anything is written.

    Raises:
        UserError: a value of the wrong kind, or a schedule made for the old budget.
    """
    from lightning.pytorch.callbacks import Timer  # takes seconds: not at a launch

    from litmlp.argument_checks import check_value
    from litmlp.schedulers import TOTAL

    trainer = config.trainer
    check_value(trainer.max_epochs, int | None, "trainer.max_epochs")
    check_value(trainer.max_steps, int, "trainer.max_steps")
    try:
        Timer(duration=trainer.max_time)
    except Exception as error:  # whatever its parser stumbles over
        raise UserError(
            f"trainer.max_time={trainer.max_time}: give days:hours:minutes:seconds"
        ) from error
    if TOTAL in config.scheduler.values():
        raise UserError(
            "the learning-rate schedule of this run was made for the budget that it "
            "was begun with: begin a new run for another"
        )


def refuse_less(config: DictConfig, content: Mapping[str, Any]) -> None:
    """What has been trained cannot be taken back.

    Args:
        config: with the budget.
        content: of the checkpoint.

    Raises:
        UserError: the budget is smaller than what is done.
    """
    done = {
        "max_epochs": content["loops"]["fit_loop"]["epoch_progress"]["current"][
            "started"
        ],
        "max_steps": content["global_step"],
    }
    for name, count in done.items():
        limit = config.trainer[name]
        if limit not in (None, -1) and limit < count:
            raise UserError(
                f"trainer.{name}={limit}: the run has come to {count} already"
            )
    if config.get("resume") is not None:
        refuse_less_time(config, content)


def refuse_less_time(config: DictConfig, content: Mapping[str, Any]) -> None:
    """A new budget leaves time to train; with the one it had, a run may still end.

    Raises:
        UserError: the time is used up.
    """
    from lightning.pytorch.callbacks import Timer  # takes seconds: not at a launch

    timer, limit = content["callbacks"].get("Timer"), config.trainer.max_time
    if not timer or not limit or same_budget(Path(config.folder), config):
        return
    spent = timer["time_elapsed"]["train"]
    if (Timer(duration=limit).time_remaining() or 0) < spent:
        raise UserError(
            f"trainer.max_time={limit}: the run has trained for {spent:.1f} s already"
        )


def is_finished(folder: Path, config: DictConfig) -> bool:
    """Whether the folder holds a run that is done, and not asked for more."""
    more = config.get("resume") is not None and not same_budget(folder, config)
    return run_folder.is_done(folder) and not more


def recorded(folder: Path, config: DictConfig) -> run_folder.Summary:
    """What stays true in ``summary.json`` when the config's run goes on in its folder.

    Raises:
        UserError: the folder holds what another config has trained.
    """
    if not (folder / "summary.json").is_file():
        return {}
    summary = run_folder.read_summary(folder)
    same = summary.get("config_hash") == run_folder.config_hash(config)
    if config.get("resume") is not None:
        same = same_budget(folder, config)
    elif not same and any(folder.glob("checkpoints/*.ckpt")):
        raise UserError(f"{folder} holds an unfinished run of another config")
    kept = ("started", "config_hash", "overrides")
    return {name: summary[name] for name in kept if same and name in summary}
