"""One clear error for a user's mistake: what came, what is allowed, how to fix it."""

import difflib
from collections.abc import Iterable

from hydra.errors import MissingConfigException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException


class UserError(ValueError):
    """A mistake in a configuration, a file or a call; its text is all a user sees.

    Args:
        message: what came, what is allowed, how to fix it.
        where: the config's key, once it is known.
    """

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.where = where


def nearest(given: str, allowed: Iterable[str]) -> str:
    """The end of a message: the nearest allowed name, if one is near, and all of them.

    >>> nearest("adm", ["adam", "sgd"])
    'Did you mean adam? Allowed: adam, sgd'
    """
    names = sorted(name for name in allowed if not name.startswith("_"))
    close = difflib.get_close_matches(given, names, n=1)
    guess = f"Did you mean {close[0]}? " if close else ""
    return f"{guess}Allowed: {', '.join(names) or 'nothing'}"


def describe(error: Exception) -> str:
    """One line for an error of ours, of Hydra's or of OmegaConf's."""
    cause = error.__cause__
    if isinstance(error, MissingConfigException) and error.options is not None:
        group, _, option = str(error.missing_cfg_file).rpartition("/")
        return f"{group}={option}: no such option. {nearest(option, error.options)}"
    if isinstance(cause, OmegaConfBaseException):
        parent, key = cause.parent_node, str(cause.key)
        if isinstance(parent, DictConfig) and key not in parent:
            names = map(str, parent)
            return f"{cause.full_key}: no such key. {nearest(key, names)}"
    return " ".join(str(error).split())
