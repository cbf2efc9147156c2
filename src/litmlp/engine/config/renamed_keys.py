"""Keys that have a new name: the old one works for one release, with a warning."""

import re
import sys
from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf, open_dict

RENAMED: dict[str, str] = {}
"""The new name of each key, as in ``{"optimizer.eta": "optimizer.lr"}``."""


def new_name(key: str) -> str:
    """Return today's name of a key, and warn of an old one."""
    new = RENAMED.get(key, key)
    if new != key:
        line = f"warning: {key} is now {new}; the next release refuses {key}"
        print(line, file=sys.stderr)
    return new


def with_new_names(overrides: Sequence[str]) -> list[str]:
    """Return overrides with the new names of their keys, and warn of the old names."""
    key = re.compile(r"[\w./@]+")
    return [key.sub(lambda found: new_name(found[0]), text, 1) for text in overrides]


def rename_keys(config: DictConfig) -> list[str]:
    """Give the keys of a config their new names; return the old names found in it."""
    found = []
    for old, new in RENAMED.items():
        parent, _, name = old.rpartition(".")
        section = OmegaConf.select(config, parent) if parent else config
        if isinstance(section, DictConfig) and name in section:
            content = OmegaConf.to_container(section, resolve=False)
            assert isinstance(content, dict)
            with open_dict(config):
                del section[name]
                OmegaConf.update(config, new, content[name])
            found.append(old)
    return found
