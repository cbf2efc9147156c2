"""YAML files that take no more time and memory than their length suggests.

A list of aliases of a list of aliases doubles with each line, and who reads brackets
within brackets calls itself for each.
"""

import math
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import omegaconf._utils
import yaml
from omegaconf import OmegaConf

from litmlp.errors import UserError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, if built

MOST_NESTED = 50
"""Lists and dicts within one another."""

MOST_REPEATED = 10_000
"""Values that aliases may stand for, besides as many as the file has characters."""

own_loader = omegaconf._utils.get_yaml_loader


def use_bounded_loader() -> None:
    """Let OmegaConf, and so Hydra, read no other files."""
    omegaconf._utils.get_yaml_loader = bounded_loader


def read_config(path: Path) -> Any:
    """What OmegaConf makes of a file.

    Raises:
        UserError: see :func:`refuse_boundless`.
    """
    refuse_boundless(path.read_text(encoding="utf-8"), path)
    return OmegaConf.load(path)


def bounded_loader() -> Any:
    """OmegaConf's own loader, for files that :func:`refuse_boundless` lets pass."""

    class BoundedLoader(own_loader()):  # type: ignore[misc]  # made at each call
        def __init__(self, stream: str | IO[str]) -> None:
            text = stream if isinstance(stream, str) else stream.read()
            name = str(getattr(stream, "name", "YAML"))
            refuse_boundless(text, name)
            super().__init__(text)
            self.name: str = name  # for its own messages

    return BoundedLoader


def refuse_boundless(text: str, name: str | Path) -> None:
    """
    Args:
        text: YAML; a mistake in it is for its reader to find.
        name: of its file, for messages.

    Raises:
        UserError: it is nested too deeply, or stands for far more values than it has.
    """
    for loader in (LOADER, yaml.SafeLoader):  # the slow one reads more
        with suppress(yaml.YAMLError):
            if count_values(text, loader) > len(text) + MOST_REPEATED:
                raise UserError(
                    f"{name} is broken: nested too deeply, or its aliases multiply"
                )
            return


def count_values(text: str, loader: Any) -> float:
    """How many values there are once aliases are replaced; infinite where not few.

    Raises:
        YAMLError: it is no YAML.
    """
    counts: list[float] = [0]
    anchors: list[str | None] = []
    sizes: dict[str | None, float] = {}
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            counts.append(1)
            anchors.append(event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            size = sizes[anchors.pop()] = counts.pop()
            counts[-1] += size
        elif isinstance(event, yaml.ScalarEvent):
            counts[-1] += 1
            sizes[event.anchor] = 1
        elif isinstance(event, yaml.AliasEvent):  # of what is not whole: without end
            counts[-1] += sizes.get(event.anchor, math.inf)
        if len(anchors) > MOST_NESTED:
            return math.inf
    return counts[0]
