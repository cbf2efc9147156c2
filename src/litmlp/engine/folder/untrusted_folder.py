"""Checks of run folders from elsewhere, which must not lead out of themselves."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from litmlp.engine.terminal.mistakes import blame
from litmlp.errors import UserError

PLACE = re.compile(r"(?i)dir|folder|path|file|uri|url|host|location")
"""Part of an argument's name that says where something is written or sent."""

OF_THE_USER = "${oc.env:MLFLOW_TRACKING_URI,sqlite:///mlflow.db}"
"""A place outside that the user chooses, not the folder: see ``logger=mlflow``."""

WRITERS = ("callbacks", "logger", "trainer")
"""Sections of a config whose objects write files."""


def check_links(folder: Path, pattern: str = "**/*", *, named: bool = True) -> None:
    """Check that no symbolic link leads out of a folder that is read or written.

    Args:
        folder: of a run or a sweep.
        pattern: of the paths in it that are looked at.
        named: whether the user has named the folder, which then may be a link itself.
    """
    home = folder.resolve()
    for path in folder.glob(pattern):
        if path.is_symlink() and not path.resolve().is_relative_to(home):
            raise UserError(f"{path} is a link that leads out of {folder}: remove it")
    if folder.is_symlink() and not named:
        raise UserError(f"{folder} is a link that leads out of its folder: remove it")


def check_writers(config: DictConfig, path: Path) -> None:
    """Check that a saved config makes a run write into the run's own folder only.

    Args:
        config: as it was saved.
        path: of its file, for messages.
    """
    for section in WRITERS:
        content = OmegaConf.to_container(config[section], resolve=False)
        for key, value in named_values(content, section):
            text = str(value)
            inside = text.startswith("${folder}") and ".." not in text
            name = key.rpartition(".")[2]
            # Lightning joins a filename to a folder, which is another argument.
            inside |= name == "filename" and text.isidentifier()
            safe = value is None or inside or text == OF_THE_USER
            if PLACE.search(name) and not safe:
                raise UserError(
                    f"{path}: {key}={text}: a resumed run writes into its own folder: "
                    "${folder}/…"
                )


def named_values(node: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Yield every value of nested dicts and lists with its dotted key."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from named_values(value, f"{key}.{name}")
    elif isinstance(node, list):
        for value in node:
            yield from named_values(value, key)
    else:
        yield key, node


def blame_folder(folder: Path) -> AbstractContextManager[None]:
    """Raise every error of the block as a mistake in the files of a run's folder."""
    return blame(f"run={folder} cannot be rebuilt from its files")
