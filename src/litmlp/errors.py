"""One clear error for a user's mistake: what came, what is allowed, how to fix it."""

import difflib
from collections.abc import Iterable

MOST_NAMES = 60
"""Names that a message lists: a table may have thousands of columns."""


class UserError(ValueError):
    """A mistake in a configuration, a file or a call; its text is all a user sees.

    A function ``check_…`` raises it for what it refuses.

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
    plain = {name.lower(): name for name in names}
    close = difflib.get_close_matches(given.lower(), plain, n=1)
    guess = f"Did you mean {plain[close[0]]}? " if close else ""
    more = (
        [f"… and {len(names) - MOST_NAMES:,} more"] if len(names) > MOST_NAMES else []
    )
    listed = ", ".join([*names[:MOST_NAMES], *more]) or "nothing"
    return f"{guess}Allowed: {listed}"
