"""Python values as the overrides of a command line, and the config they compose."""

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, open_dict

from litmlp.engine import option_folders
from litmlp.engine.terminal.mistakes import describe
from litmlp.engine.terminal.wording import text_of
from litmlp.errors import UserError


def override(key: str, value: Any) -> str:
    """Return the text that sets a key to a value.

    >>> override("model.hidden_sizes", (64, 64))
    'model.hidden_sizes=[64,64]'
    """
    return f"{key}={text_of(value)}"


@lru_cache(maxsize=100)
def composed_once(overrides: tuple[str, ...]) -> bytes:
    """Compose a config, pickled: a search fits the same options on many folds."""
    try:
        config = compose("train", list(overrides), return_hydra_config=True)
    except HydraException as error:
        raise UserError(describe(error)) from error
    return pickle.dumps(config)


@contextmanager
def composed(overrides: Sequence[str]) -> Iterator[DictConfig]:
    """Compose the config of a run, and let Hydra know it until the block ends."""
    option_folders.open_project()
    before = HydraConfig.instance().cfg
    try:
        with initialize_config_dir(str(option_folders.CONF), version_base="1.3"):
            config = pickle.loads(composed_once(tuple(overrides)))
            HydraConfig.instance().set_config(config)
            with open_dict(config):
                del config["hydra"]
            yield config
    finally:
        HydraConfig.instance().cfg = before
