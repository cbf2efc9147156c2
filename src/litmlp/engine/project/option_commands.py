"""Options and whose they are: lists them, and copies one of the engine's to change."""

import hashlib
import re
from pathlib import Path

import litmlp
from litmlp.engine import option_folders
from litmlp.engine.folder.atomic_files import replace
from litmlp.engine.option_folders import options_of, project_here
from litmlp.engine.terminal.console import console, shortest, table
from litmlp.errors import UserError, nearest

NOTE = re.compile(r"^# copied from (\S+) of litmlp (\S+), sha256 ([0-9a-f]{16})$", re.M)
"""Last line of a copy: the engine's option, its version, and the hash of its file."""

NO_PROJECT = (
    "there is no project here, which is a pyproject.toml with a section [tool.litmlp]: "
    "litmlp new <name> makes one"
)


def engine_file(option: str) -> Path:
    """Return where the engine has an option, if it has it."""
    return option_folders.CONF / f"{option}.yaml"


def digest_of(file: Path) -> str:
    """Return the start of the hash of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def own_options() -> dict[str, Path]:
    """Return the files in the groups of the working folder's project, by option."""
    own = option_folders.own_folder()
    files = sorted(own.glob("*/**/*.yaml")) if own else []
    return {f.relative_to(str(own)).with_suffix("").as_posix(): f for f in files}


def since_copied(file: Path) -> str:
    """Say whether the engine has changed an option since its copy; empty: no copy."""
    note = NOTE.search(file.read_text(encoding="utf-8"))
    if note is None:
        return ""
    source, version, digest = note.groups()
    engine = engine_file(source)
    if not engine.is_file():
        return f"{source} of {version} is gone from the engine"
    same = digest_of(engine) == digest
    return f"{source} of {version} is {'unchanged' if same else 'changed since'}"


def groups() -> list[str]:
    """Return the names of all groups."""
    folders = [path for at in option_folders.option_folders() for path in at.iterdir()]
    return sorted({folder.name for folder in folders if folder.is_dir()})


def list_options(group: str | None) -> None:
    """Show the options of a group, or of all, and which are the project's own.

    Raises:
        UserError: there is no such group.
    """
    if group is not None and group not in groups():
        raise UserError(f"{group}: no such group. {nearest(group, groups())}")
    own, project = own_options(), project_here()
    others = "clone" if project is not None and project.is_clone else "engine"
    rows = table("option", "of", "first line of the file")
    rows.columns[1].justify = rows.columns[2].justify = "left"
    for each in [group] if group else groups():
        for name in options_of(each):
            option = f"{each}/{name}"
            whose = "project" if option in own else others
            if option in own and engine_file(option).is_file():
                whose = "project, instead of the engine's"
            rows.add_row(f"{each}={name}", whose, headline(option))
    console.print(rows)


def headline(option: str) -> str:
    """Return the comment with which an option's file begins."""
    file = option_folders.option_file(option)
    assert file is not None
    text = file.read_text(encoding="utf-8").removeprefix("# @package _global_\n")
    comment = re.match(r"#\s*(.*)", text)
    return re.sub(r"\s*\(https?://\S+\)", "", comment[1]) if comment else ""


def copy_option(option: str) -> None:
    """Copy an option of the engine into the project, with a note that it is a copy.

    Raises:
        UserError: there is no project or no such option, or the project has it already.
    """
    project = project_here()
    if project is None:
        raise UserError(NO_PROJECT)
    group, _, name = option.partition("/")
    engine = set(option_folders.names_in(option_folders.CONF / group))
    if group not in groups():
        raise UserError(f"{group}: no such group. {nearest(group, groups())}")
    if name not in engine:
        raise UserError(f"{option}: no such option. {nearest(name, engine)}")
    own = project.conf / f"{option}.yaml"
    if project.is_clone:
        copied = f"cp {shortest(own)} {shortest(own.with_name('mine.yaml'))}"
        raise UserError(f"in a clone, its copy needs a name of its own: {copied}")
    if own.exists():
        raise UserError(f"{shortest(own)} is there already: rename or delete it first")
    source = engine_file(option)
    note = f"copied from {option} of litmlp {litmlp.__version__}"
    text = source.read_text(encoding="utf-8")
    text += f"\n# {note}, sha256 {digest_of(source)}\n"
    own.parent.mkdir(parents=True, exist_ok=True)
    replace(own, lambda partial: partial.write_text(text, encoding="utf-8"))
    console.print(
        f"{shortest(own)} is now used for {group}={name}; rename the file to have both",
        soft_wrap=True,
    )


def show_status() -> None:
    """Show the engine's version, and what the project has in place of the engine's."""
    console.print(f"engine    litmlp {litmlp.__version__}, options in ", end="")
    console.print(str(option_folders.CONF), soft_wrap=True)
    changes = option_folders.CONF.with_name("CHANGELOG.md")
    console.print(f"changes   {changes}", soft_wrap=True)
    project = project_here()
    if project is None:
        console.print(f"project   {NO_PROJECT}", soft_wrap=True)
        return
    packages = ", ".join(project.packages) or "none"
    console.print(f"project   {project.folder}, packages: {packages}", soft_wrap=True)
    rows = table("own option", "instead of the engine's", "copied from")
    rows.columns[1].justify = rows.columns[2].justify = "left"
    for option, file in own_options().items():
        used = "yes" if engine_file(option).is_file() else ""
        rows.add_row(option, used, since_copied(file))
    if rows.row_count:
        console.print(rows)
