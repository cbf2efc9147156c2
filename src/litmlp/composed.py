"""Composing a config once, however often Hydra asks for it."""

import pickle
from typing import Any

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig


class ComposedOnce:
    """A config loader that remembers the configs of a sweep's members.

    Hydra composes each of them to find mistakes before the first is trained, and again
    to train it; composing takes a tenth of a second, a copy two milliseconds. What has
    been asked for again is forgotten.

    Args:
        loader: what composes.
    """

    def __init__(self, loader: ConfigLoader) -> None:
        self.loader = loader
        self._composed: dict[tuple[str, ...], bytes] = {}

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        """A member's config."""
        key = tuple(sweep_overrides)
        if key in self._composed:
            member: DictConfig = pickle.loads(self._composed.pop(key))
            return member
        config = self.loader.load_sweep_config(master_config, sweep_overrides)
        self._composed[key] = pickle.dumps(config)
        return config

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def __reduce__(self) -> Any:  # other processes need none of what is remembered
        return ComposedOnce, (self.loader,)
