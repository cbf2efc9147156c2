"""The folders of options: ``conf/`` of the project, then ``conf/`` of the engine."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import litmlp
from litmlp.errors import UserError
from litmlp.own_packages import OWN_PACKAGES

_PACKAGE = Path(litmlp.__file__).parent
_CHECKOUT = _PACKAGE.parents[1] / "conf"

CONF = _CHECKOUT if (_CHECKOUT / "train.yaml").is_file() else _PACKAGE / "conf"
"""The engine's options: those of the checkout, or those in the installed package."""


@dataclass(frozen=True)
class Project:
    """A folder whose ``pyproject.toml`` has a section ``[tool.litmlp]``.

    Args:
        folder: where the file is.
        content: of the file.
    """

    folder: Path
    content: dict[str, Any]

    @property
    def conf(self) -> Path:
        """The folder of the project's own options."""
        return self.folder / "conf"

    @property
    def is_clone(self) -> bool:
        """Whether its options and the engine's are the same files."""
        return self.conf.is_dir() and self.conf.samefile(CONF)

    @property
    def packages(self) -> list[str]:
        """The packages that configs may name."""
        names = self.content["tool"]["litmlp"].get("packages", [])
        if not isinstance(names, list) or not all(
            isinstance(name, str) and name.isidentifier() for name in names
        ):
            raise UserError(
                f"pyproject.toml: [tool.litmlp] packages = {names}: expected a list of "
                'names, as in packages = ["churn"]'
            )
        for name in names:
            if find_spec(name) is None:
                raise UserError(
                    f"pyproject.toml: [tool.litmlp] packages: {name} cannot be "
                    "imported: pip install --editable ."
                )
        return names


def project_here() -> Project | None:
    """Return the project of the working folder, if it is one."""
    path = Path.cwd() / "pyproject.toml"
    if not path.is_file():
        return None
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"pyproject.toml: {error}") from error
    is_project = isinstance(content.get("tool", {}).get("litmlp"), dict)
    return Project(path.parent, content) if is_project else None


def open_project() -> None:
    """Allow the packages of the working folder's project in this process's configs.

    Raises:
        UserError: a mistake in its ``pyproject.toml``.
    """
    OWN_PACKAGES.clear()
    if project := project_here():
        OWN_PACKAGES.update(project.packages)


def own_folder() -> Path | None:
    """Return the folder of the options of the working folder's project, if any."""
    project = project_here()
    if project is None or not project.conf.is_dir() or project.is_clone:
        return None
    return project.conf


def option_folders() -> list[Path]:
    """Return the folders in which options are searched, the first one first."""
    return [*filter(None, [own_folder()]), CONF]


def option_file(option: str) -> Path | None:
    """Return the file of an option, ``optimizer/adam``, or None if there is none."""
    files = [folder / f"{option}.yaml" for folder in option_folders()]
    return next((file for file in files if file.is_file()), None)


def options_of(group: str) -> list[str]:
    """Return the names of a group's options, those in sub-folders included."""
    return sorted({name for at in option_folders() for name in names_in(at / group)})


def names_in(folder: Path) -> Iterator[str]:
    """Yield the names of the options in a folder."""
    for path in folder.rglob("*.yaml"):
        yield path.relative_to(folder).with_suffix("").as_posix()
