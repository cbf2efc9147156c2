"""How a launch composes its config: as Hydra does, but once, and no code is run."""

from contextlib import suppress
from dataclasses import dataclass

import hydra._internal.hydra
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig

from litmlp.engine.config.hydra_allowlist import refuse_code
from litmlp.engine.config.yaml_limits import use_bounded_loader


@dataclass(frozen=True)
class Asked:
    """A config that Hydra has composed to ask it for its mode, and then forgets."""

    name: str | None
    overrides: list[str]
    config: DictConfig


class CheckedLoader(ConfigLoaderImpl):
    """Composes a launch's config, which takes as long as many a job of it, once."""

    asked: Asked | None = None

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        own, how = (config_name, overrides), (from_shell, validate_sweep_overrides)
        config = self._known(*own, run_mode, from_shell)
        self.asked = None
        if not validate_sweep_overrides:  # Hydra asks for its mode
            with suppress(Exception):  # of what a sweep may lack, and no run
                config = super().load_configuration(*own, RunMode.RUN, *how)
                self.asked = Asked(config_name, overrides[:], config)
        if config is None:
            config = super().load_configuration(*own, run_mode, *how)
        refuse_code(config.hydra)
        return config

    def _known(
        self, name: str | None, overrides: list[str], run_mode: RunMode, shell: bool
    ) -> DictConfig | None:
        """The config that was asked for its mode; Hydra may have added the mode."""
        if self.asked is None or self.asked.name != name:
            return None
        added, config = f"hydra.mode={run_mode.name}", self.asked.config
        known = self.asked.overrides
        if overrides not in (known, [*known, added]):
            return None
        parsed = OverridesParser.create().parse_overrides(overrides)
        self.validate_sweep_overrides_legal(parsed, run_mode, from_shell=shell)
        if overrides != known:
            config.hydra.mode = run_mode
            config.hydra.overrides.hydra.append(added)
        return config


def use_checked_loader() -> None:
    """Let Hydra compose with it; it offers no other place before it builds."""
    use_bounded_loader()
    hydra._internal.hydra.ConfigLoaderImpl = CheckedLoader  # type: ignore[attr-defined]  # Hydra imports it for itself
