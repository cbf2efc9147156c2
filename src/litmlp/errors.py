"""One clear error for a user's mistake: what came, what is allowed, how to fix it."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class UserError(ValueError):
    """A mistake in a configuration, a file or a call; its text is all a user sees.

    Args:
        message: what came, what is allowed, how to fix it.
        where: the config's key, once it is known.
    """

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.where = where


@contextmanager
def prefix_mistakes(source: str) -> Iterator[None]:
    """Begin the message of every :class:`UserError` in the block with a file's name."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{source}: {error}") from error


def nearest(given: str, allowed: Iterable[str]) -> str:
    """The end of a message: the nearest allowed name, if one is near, and all of them.

    >>> nearest("adm", ["adam", "sgd"])
    'Did you mean adam? Allowed: adam, sgd'
    """
    names = sorted(name for name in allowed if not name.startswith("_"))
    close = difflib.get_close_matches(given, names, n=1)
    guess = f"Did you mean {close[0]}? " if close else ""
    return f"{guess}Allowed: {', '.join(names) or 'nothing'}"
