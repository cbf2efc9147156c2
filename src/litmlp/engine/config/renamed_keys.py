"""Keys that have a new name: the old one works for one release, with a warning."""

import re
import sys
from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf, open_dict

RENAMED: dict[str, str] = {}
"""The new name of each key, as in ``{"optimizer.eta": "optimizer.lr"}``."""


def warn_of(old: str) -> None:
    """Tell the user the new name of a key."""
    line = f"warning: {old} is now {RENAMED[old]}; the next release refuses {old}"
    print(line, file=sys.stderr)


def with_new_names(overrides: Sequence[str]) -> list[str]:
    """Return overrides with the new names of their keys, and warn of the old names."""

    def new_name(key: re.Match[str]) -> str:
        if key[0] in RENAMED:
            warn_of(key[0])
        return RENAMED.get(key[0], key[0])

    return [re.sub(r"[\w./@]+", new_name, text, count=1) for text in overrides]


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
