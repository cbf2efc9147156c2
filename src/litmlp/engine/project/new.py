"""A new project: its files are those of ``template/``, with its name in them."""

import json
import keyword
import os
import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import litmlp
from litmlp.engine.option_folders import project_here
from litmlp.engine.project.option_commands import NO_PROJECT
from litmlp.engine.terminal.console import console
from litmlp.errors import UserError, nearest

TEMPLATE = Path(__file__).parent / "template"

NAME = "my_project"
"""The name of the project in the template."""

MOONS = "The data are two half moons: `src/{name}/data.py`."
"""Sentence of the README that a table replaces."""

INSIDE = (
    "src/",
    "conf/data/",
    "conf/model/",
    "conf/loss/",
    "conf/experiment/",
    "tests/",
)
"""The part of the template that a clone of the repository gets: names of its own."""

PACKAGES = re.compile(r"(^\[tool\.litmlp\].*\npackages = \[)(.*)(\])", re.MULTILINE)

TABLE = """\
# The column {target} of a table is predicted
defaults:
  - table
  - _self_
path: {path} # from the folder of this project
target: {target}
drop: {drop} # columns that are no features, such as an id
"""


def new_project(
    name: str, *, here: bool, table: str | None, target: str | None
) -> None:
    """Make a project in a folder of its name, or inside the project of this folder.

    Args:
        name: of the project and its package.
        here: whether to add it to the project of the working folder, a clone.
        table: a CSV or Parquet file to train on.
        target: the column of the table to predict.

    Raises:
        UserError: a name, folder, table or target that cannot be used; nothing is
            written.
    """
    check_name(name)
    folder = Path.cwd() if here else Path.cwd() / name
    texts = template_texts(name)
    drop: list[str] = []
    if table is not None or target is not None:
        drop = check_table(table, target)
        texts |= table_texts(
            name, str(table), str(target), drop, folder, texts["README.md"]
        )
    if here:
        texts = {path: texts[path] for path in texts if path.startswith(INSIDE)}
        texts["pyproject.toml"] = with_package(name)
    if not here and folder.exists():
        raise UserError(f"{name} exists: choose another name, or another folder")
    for path in texts:
        if path != "pyproject.toml" and (folder / path).exists():
            raise UserError(f"{path} exists: choose another name")
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    console.print(f"{len(texts)} files in {folder}", soft_wrap=True)
    if drop:
        told = f"{', '.join(drop)} (free text or identifiers)"
        console.print(f"no features  {told}: conf/data/{name}.yaml", soft_wrap=True)
    enter = "" if here else f"cd {name} && "
    console.print(f"next         {enter}make train ARGS=experiment={name}")


def check_name(name: str) -> None:
    """Check that a package of this name can be made."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise UserError(
            f"{name}: expected the name of a package: small letters, digits and _, as "
            "in churn"
        )
    if name in sys.stdlib_module_names or name == NAME or find_spec(name) is not None:
        raise UserError(f"{name}: there is a module of that name: choose another")


def check_table(table: str | None, target: str | None) -> list[str]:
    """Check that a table has the target column; return what cannot be a feature."""
    if table is None or target is None:
        raise UserError("--table and --target belong together: give both")
    # Loading takes half a second: projects without a table do not wait.
    from litmlp.data.tables.column_kinds import cannot_be_feature
    from litmlp.data.tables.read import open_source, read_table

    source = open_source(table)
    if target not in source.names:
        known = nearest(target, source.names)
        raise UserError(f"{table} has no column {target}. {known}")
    columns = read_table(source).drop(target)
    return [column.name for column in columns if cannot_be_feature(column)]


def table_texts(
    name: str, table: str, target: str, drop: list[str], folder: Path, readme: str
) -> dict[str, str]:
    """Return the files of a project that are different if it starts from a table."""
    path = Path(os.path.relpath(Path(table).expanduser(), folder)).as_posix()
    values = {"path": path, "target": target, "drop": drop}
    quoted = {key: json.dumps(values[key], ensure_ascii=False) for key in values}
    data = f"The data are `{path}`, whose column `{target}` is predicted."
    return {
        f"conf/data/{name}.yaml": TABLE.format(**quoted),
        "README.md": readme.replace(MOONS.format(name=name), data),
    }


def template_texts(name: str) -> dict[str, str]:
    """Return the text of each file of a new project, by its path in the project."""
    major, minor, *_ = litmlp.__version__.split(".")
    values = {
        NAME: name,
        "LITMLP_NEEDED": f"litmlp>={major}.{minor},<{major}.{int(minor) + 1}",
        "LITMLP_SOURCE": engine_source(),
    }
    texts = {}
    for file in sorted(path for path in TEMPLATE.rglob("*") if path.is_file()):
        if "__pycache__" in file.parts:
            continue
        path, text = file.relative_to(TEMPLATE).as_posix(), file.read_text("utf-8")
        for mark, value in values.items():
            text = text.replace(mark, value)
        texts[path.replace(NAME, name)] = text
    return texts


def engine_source() -> str:
    """Return what pip needs to install this engine again; empty for its index."""
    try:
        noted = distribution("litmlp").read_text("direct_url.json")
    except PackageNotFoundError:
        return ""
    if noted is None:
        return ""
    origin = json.loads(noted)
    if vcs := origin.get("vcs_info"):
        return f"{vcs['vcs']}+{origin['url']}@{vcs['commit_id']}"
    is_editable = origin.get("dir_info", {}).get("editable")
    return f"--editable {origin['url']}" if is_editable else str(origin["url"])


def with_package(name: str) -> str:
    """Return the working folder's ``pyproject.toml`` with one more package to allow."""
    project = project_here()
    if project is None:
        raise UserError(NO_PROJECT)
    text = (project.folder / "pyproject.toml").read_text(encoding="utf-8")
    names = json.dumps([*project.packages, name])[1:-1]
    changed, count = PACKAGES.subn(rf"\g<1>{names}\g<3>", text)
    if count != 1:
        raise UserError(
            "pyproject.toml: expected the line packages = [] right below [tool.litmlp]"
        )
    return changed
