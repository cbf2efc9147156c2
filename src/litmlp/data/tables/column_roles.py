"""The columns of a table that are features, beside those with another meaning."""

from collections.abc import Sequence
from typing import Any

from litmlp.errors import UserError, nearest


def find_features(
    names: Sequence[str],
    roles: Sequence[tuple[str, str]],
    dropped: Sequence[str],
    chosen: Sequence[str] | None,
) -> list[str]:
    """Return the columns that are features, in the order of the table.

    Args:
        names: of all columns.
        roles: pairs of an option and the column that it names, such as target.
        dropped: columns that are left out.
        chosen: the features, if the user names them.

    Raises:
        UserError: there is no such column, a column with two meanings, or no feature.
    """
    given = [("drop", name) for name in dropped]
    given += [("features", name) for name in chosen or []]
    meanings: dict[str, str] = {}
    for meaning, name in [*roles, *given]:
        if name not in names:
            raise UserError(f"no column {name}. {nearest(name, names)}")
        if meanings.get(name, meaning) != meaning and meaning != "drop":
            raise UserError(
                f"column {name} is both data.{meanings[name]} and data.{meaning}"
            )
        meanings[name] = meaning
    if chosen is None:
        features = [name for name in names if name not in meanings]
    else:
        features = [name for name in names if meanings.get(name) == "features"]
    if not features:
        raise UserError("no column is left to be a feature")
    return features


def as_names(names: Any) -> list[str]:
    """Return names of columns as text: ``data.drop=[0]`` means the column ``0``."""
    return [str(name) for name in names]
