"""The configs of a sweep's runs, composed once for each choice of options."""

import pickle
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from litmlp.engine.config.hydra_internals import overrides_dirname

NAMES = "litmlp.existing"
"""The resolver of the names of the folders that were there when the sweep began."""


class ComposedOnce:
    """A config loader that composes each choice of options once per sweep.

    Composing takes more than a tenth of a second, because Hydra reads and merges some
    thirty files. Runs that differ only in values get copies of one config, which takes
    milliseconds.

    Args:
        loader: Hydra's own loader, which composes.
    """

    def __init__(self, loader: ConfigLoader) -> None:
        self.loader = loader
        self._composed: dict[tuple[str, ...], bytes] = {}
        self._parsed: dict[str, Override] = {}
        self._names: dict[Any, Any] = {}

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        """Return the config of one run, equal to the one that Hydra would compose."""
        overrides = [self._parse(text) for text in sweep_overrides]
        options = master_config.hydra.runtime.choices
        values = [each for each in overrides if not chooses_option(each, options)]
        chosen = [str(o.input_line) for o in overrides if chooses_option(o, options)]
        only_values = not any(each.is_hydra_override() for each in overrides) and all(
            each.type == OverrideType.CHANGE and each.package is None for each in values
        )
        if only_values:
            config = self._copy(master_config, chosen)
            with suppress(OmegaConfBaseException):  # Hydra's loader reports it
                return with_values(config, overrides, values)
        return self._copy(master_config, sweep_overrides)

    def _parse(self, text: str) -> Override:
        if text not in self._parsed:
            (self._parsed[text],) = OverridesParser.create().parse_overrides([text])
        return self._parsed[text]

    def _copy(self, master: DictConfig, overrides: Sequence[str]) -> DictConfig:
        """Return a new copy of the config with these overrides."""
        key = tuple(overrides)
        if key not in self._composed:
            config = self.loader.load_sweep_config(master, list(overrides))
            self._composed[key] = pickle.dumps(config)
        copy: DictConfig = pickle.loads(self._composed[key])
        # Runs share the names of the sweep's folders: each with its own would take
        # memory by the square of their number.
        cache = OmegaConf.get_cache(copy)
        if NAMES in cache:
            cache[NAMES] = self._names = self._names or cache[NAMES]
        return copy

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def __reduce__(self) -> Any:  # other processes do not need the composed configs
        return ComposedOnce, (self.loader,)


def chooses_option(override: Override, options: DictConfig) -> bool:
    """Say whether an override chooses an option; a dict changes values of an option."""
    is_group = override.get_key_element() in options
    return is_group and not isinstance(override.value(), dict)


def with_values(
    config: DictConfig, overrides: Sequence[Override], values: Sequence[Override]
) -> DictConfig:
    """Replace values in a config, and record all the overrides as Hydra does."""
    for each in values:
        OmegaConf.update(config, each.key_or_group, each.value(), merge=True)
    job = config.hydra.job
    with open_dict(config.hydra):
        config.hydra.overrides.task = [each.input_line for each in overrides]
        job.override_dirname = overrides_dirname(
            list(overrides), job.config.override_dirname
        )
    return config
