"""Everything of Hydra's that is private and that this project leans on.

``tests/engine/config/test_hydra_internals.py`` names what broke when Hydra changes.
"""

from typing import Any

import hydra._internal.hydra
from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig

from litmlp.engine.config.hydra_allowlist import check_hydra_section


class CheckedLoader(ConfigLoaderImpl):
    """Composes as Hydra does, and refuses a ``hydra:`` section that names code."""

    def load_configuration(self, *arguments: Any, **options: Any) -> DictConfig:
        config = super().load_configuration(*arguments, **options)
        check_hydra_section(config.hydra)
        return config


def use_checked_loader() -> None:
    """Let Hydra compose with :class:`CheckedLoader`.

    Hydra builds the objects of ``hydra.callbacks`` and ``hydra.job_logging`` right
    after it has composed them. It has no public place to check them before.
    """
    hydra._internal.hydra.ConfigLoaderImpl = CheckedLoader  # type: ignore[attr-defined]  # Hydra imports it for itself


def every_combination(overrides: list[Override]) -> list[list[str]]:
    """List the runs of a sweep: the same texts as Hydra's own sweeper makes of it."""
    (runs,) = BasicSweeper.split_arguments(overrides, max_batch_size=None)
    return runs


def overrides_dirname(overrides: list[Override], config: DictConfig) -> str:
    """Name a run by its overrides: ``hydra.job.override_dirname``, with its settings.

    Hydra notes it where it composes, which the configs of a sweep do only once.
    """
    return get_overrides_dirname(
        overrides,
        exclude_keys=list(config.exclude_keys),
        item_sep=config.item_sep,
        kv_sep=config.kv_sep,
    )
