"""One clear error for a user's mistake: what came, what is allowed, how to fix it."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """A mistake in a configuration, a file or a call; its text is all a user sees."""


def nearest(given: str, allowed: Iterable[str]) -> str:
    """The end of a message: the nearest allowed name, if one is near, and all of them.

    >>> nearest("adm", ["adam", "sgd"])
    'did you mean adam? Allowed: adam, sgd'
    """
    names = sorted(allowed)
    close = difflib.get_close_matches(given, names, n=1)
    guess = f"did you mean {close[0]}? " if close else ""
    return f"{guess}Allowed: {', '.join(names) or 'nothing'}"
