"""Values from the environment: a config may use them, nothing writes them down."""

import logging
import os
from typing import Any

from omegaconf import OmegaConf
from omegaconf.resolvers import oc

SHORTEST_SECRET = 6
"""Characters; a shorter value, as of a flag or a count, stays as it is."""

_read: dict[str, str] = {}


def read(name: str, *default: Any) -> Any:
    """What ``${oc.env:NAME}`` stands for, remembered for :func:`conceal`.

    Raises:
        KeyError: it is not set, and there is no default.
    """
    value = oc.env(name, *default)
    if name in os.environ and value and len(value) >= SHORTEST_SECRET:
        _read[value] = name
    return value


def conceal(text: str) -> str:
    """A text with ``${oc.env:NAME}`` where a value that a config has read would be."""
    for value in sorted(_read, key=len, reverse=True):
        text = text.replace(value, f"${{oc.env:{_read[value]}}}")
    return text


class LogFormatter(logging.Formatter):
    """Lines of ``train.log``, whoever writes them."""

    def format(self, record: logging.LogRecord) -> str:
        return conceal(super().format(record))


# At import, so that the processes of a launcher know it, too.
OmegaConf.register_new_resolver("oc.env", read, replace=True)
