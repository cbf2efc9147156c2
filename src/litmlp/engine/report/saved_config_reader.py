"""What a run's saved config says, read in parts: to parse whole files would be slow."""

import functools
import re
from pathlib import Path
from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, if built

ABSENT = "(default)"

CHOICES = re.compile(r"^( +)choices:\n((?:\1 +.*\n)+)", re.MULTILINE)
REFERENCE = re.compile(r"\$\{([\w.]+)\}")
MOST_REFERENCES = 10
"""More in a row lead in a circle."""


class SavedConfig:
    """The config and the choices of groups in the ``.hydra`` folder of a run.

    Args:
        folder: of the run; what it lacks reads as absent.
    """

    def __init__(self, folder: Path) -> None:
        blocks = re.split(r"(?m)^(?=\S)", text_of(folder / ".hydra" / "config.yaml"))
        self._blocks = {block.partition(":")[0]: block for block in blocks}
        choices = CHOICES.search(text_of(folder / ".hydra" / "hydra.yaml"))
        self._choices = parsed(choices[2]) if choices else {}

    def __getitem__(self, key: str) -> Any:
        """The option of a group, else a value; ``${other.key}`` is looked up there."""
        for _ in range(MOST_REFERENCES):
            value = self._look_up(key)
            reference = REFERENCE.fullmatch(value) if isinstance(value, str) else None
            if reference is None:
                return value
            key = reference[1]
        return ABSENT

    def _look_up(self, key: str) -> Any:
        if key in self._choices:
            return self._choices[key]
        first, *rest = key.split(".")
        value = parsed(self._blocks.get(first, "")).get(first, ABSENT)
        for part in rest:
            value = value.get(part, ABSENT) if isinstance(value, dict) else ABSENT
        return value

    def below(self, key: str) -> list[str]:
        """The keys of the values under a top-level key, such as ``data.noise``."""
        node = parsed(self._blocks.get(key, "")).get(key)
        return [f"{key}.{name}" for name in node] if isinstance(node, dict) else []


def text_of(path: Path) -> str:
    """A file's text, or nothing if there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


@functools.cache
def parsed(text: str) -> dict[str, Any]:
    """A part of a YAML file; the runs of a sweep share most parts."""
    try:
        content = yaml.load(text, Loader=LOADER)
    except (RecursionError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}
