"""A run that goes on in its own folder, as if it had never been interrupted."""

from pathlib import Path
from typing import cast

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from litmlp import runs
from litmlp.errors import UserError

LATEST = "latest"

BUDGETS = ("trainer.max_epochs", "trainer.max_steps", "trainer.max_time")
"""What may be changed of a run that goes on."""

COMMAND = Path(".hydra") / "overrides.yaml"


def run_folder(parent: Path, resume: str) -> Path:
    """The folder that ``resume=`` means: itself, or the newest unfinished run's.

    Raises:
        UserError: there is no such run.
    """
    if resume != LATEST:
        folder = Path(resume)
        if not has_begun(folder):
            raise UserError(f"resume={resume} holds no run: it has no {COMMAND}")
        return folder
    begun = [folder for folder in sorted(parent.glob("*")) if has_begun(folder)]
    open_ones = [f for f in begun if not runs.is_done(f) and not runs.is_locked(f)]
    if not open_ones:
        raise UserError(f"resume={LATEST}: no unfinished run in {parent}")
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
        if key not in ("resume", "name", *BUDGETS):
            raise UserError(
                f"{override}: a run goes on as it was begun; only its budget can "
                f"change: {', '.join(BUDGETS)}"
            )


def as_begun(config: DictConfig) -> DictConfig:
    """The config of the run that ``resume=`` means, with the budget that is given.

    Hydra's own config becomes that of the run, too: its overrides and choices.
    """
    folder = Path(config.folder)
    stored = runs.read_config(folder)
    given = [
        override
        for override in runs.as_typed(HydraConfig.get().overrides.task)
        if override.partition("=")[0].lstrip("+") in BUDGETS
    ]
    for override in given:
        key = override.partition("=")[0].lstrip("+")
        OmegaConf.update(stored, key, OmegaConf.select(config, key))
    remember_command(folder, given)
    OmegaConf.set_struct(stored, True)
    return stored


def remember_command(folder: Path, given: list[str]) -> None:
    """Let ``HydraConfig`` speak of the run as it was launched."""
    launched = OmegaConf.load(folder / ".hydra" / "hydra.yaml")
    hydra = cast(DictConfig, HydraConfig.get())
    with read_write(hydra), open_dict(hydra):
        hydra.overrides.task = [*OmegaConf.load(folder / COMMAND), *given]
        hydra.runtime.choices = launched.hydra.runtime.choices


def is_finished(folder: Path, config: DictConfig) -> bool:
    """Whether the folder holds a run that has used up the budget of the config."""
    return runs.is_done(folder) and all(
        OmegaConf.select(runs.read_config(folder), key) == OmegaConf.select(config, key)
        for key in BUDGETS
    )
