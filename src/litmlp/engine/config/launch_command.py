"""The command of a run, as a user typed it and Hydra has read it."""

from dataclasses import dataclass, field
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import OmegaConf


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command as Hydra has read it; empty for a run that Python code starts.

    Args:
        overrides: as they were typed.
        choices: the option of each group.
        in_sweep: whether the run is one of many.
    """

    overrides: list[str] = field(default_factory=list)
    choices: dict[str, str] = field(default_factory=dict)
    in_sweep: bool = False


def this_command() -> Command:
    """Return the command of the run that Hydra has begun in this process."""
    if not HydraConfig.initialized():
        return Command()
    hydra = HydraConfig.get()
    return Command(
        overrides=as_typed(hydra.overrides.task),
        choices={str(key): value for key, value in hydra.runtime.choices.items()},
        in_sweep=hydra.mode == RunMode.MULTIRUN,
    )


def as_typed(overrides: Any) -> list[str]:
    """Give overrides unresolved: ``key=${oc.env:TOKEN}`` keeps the token secret."""
    return cast(list[str], OmegaConf.to_container(overrides, resolve=False))
