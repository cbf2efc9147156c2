"""What a run is, in words: the pages of TensorBoard's text tab."""

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hydra import compose
from omegaconf import DictConfig

from litmlp.data.data_module import Data
from litmlp.data.samples import Column
from litmlp.engine.config.hyperparameters import flat
from litmlp.engine.folder.provenance import git_commit, versions
from litmlp.engine.folder.saved_config import config_text

MOST_COLUMNS = 100
"""A longer table of columns is cut."""


def pages(
    config: DictConfig, overrides: Sequence[str], data: Data, layers: str
) -> dict[str, str]:
    """Markdown by tag.

    Args:
        config: of the run, as its folder keeps it already.
        overrides: as they were typed.
        data: what it is trained on.
        layers: a table of those of its network.
    """
    facts = versions() | {"git commit": git_commit() or "none"}
    return {
        "config": fenced(config_text(Path(config.folder)), "yaml"),
        "overrides": fenced("\n".join(overrides) or "none"),
        "differences": grid(("key", "default", "here"), differences(config)),
        "data": grid(("split", "rows"), [(s, len(r)) for s, r in data.rows.items()])
        + "\n\n"
        + grid(("column", "kind", "categories"), described(data.samples.columns)),
        "model": fenced(layers),
        "versions": grid(("what", "version"), facts.items()),
    }


def differences(config: DictConfig) -> list[tuple[str, Any, Any]]:
    """Keys whose value is not the default, with both."""
    here, default = flat(config), defaults()
    keys = dict.fromkeys([*default, *here])
    found = [(key, default.get(key, ""), here.get(key, "")) for key in keys]
    return [row for row in found if row[1] != row[2] and row[0] != "folder"]


@functools.cache
def defaults() -> dict[str, Any]:
    """The config of a run without overrides, by dotted keys."""
    return flat(compose("train"))


def described(columns: Sequence[Column]) -> list[tuple[str, str, str]]:
    """Name, kind and categories of each column."""
    rows = [(c.name, c.kind, ", ".join(c.categories[:10])) for c in columns]
    cut = [("…", "", f"{len(rows) - MOST_COLUMNS} more")]
    return rows[:MOST_COLUMNS] + (cut if len(rows) > MOST_COLUMNS else [])


def fenced(text: str, language: str = "") -> str:
    """A Markdown block of plain text."""
    return f"```{language}\n{text.rstrip()}\n```"


def grid(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
