"""Markdown pages of the options, from the files of ``conf/``."""

import re
from collections.abc import Collection, Iterator
from html import escape

import yaml
from option_arguments import Argument, arguments_in, further_arguments

from litmlp.engine.option_folders import CONF, options_of
from litmlp.engine.project.option_commands import groups

TRAIN = (CONF / "train.yaml").read_text("utf-8")
CHOICES = [each for each in yaml.safe_load(TRAIN)["defaults"] if isinstance(each, dict)]
DEFAULTS = {group: name for each in CHOICES for group, name in each.items() if name}
"""The option of each group in a run without overrides."""

FILE = re.compile(
    r"(# @package (?P<package>\S+)\n)?(?P<body>#[ ](?P<title>[^\n]*)\n.*)", re.S
)
"""Parts of an option's file."""

PAPER = re.compile(r"\((https?://\S+)\)")

PLACE = re.compile(r"(override )?/?(.*@)?(_global_\.)?")
"""Start of a key of ``defaults``, before the name that a user types."""


def options_page() -> str:
    """Return the page that lists the groups."""
    page = (
        "# Options\n\nA group is a folder of `conf/`, and an option is a file in it: "
        "`activation=gelu` uses `conf/activation/gelu.yaml`. [How to add an "
        "option](README.md).\n\n| group | default | options |\n|---|---|---|\n"
    )
    for group in groups():
        links = ", ".join(link(group, name) for name in names_of(group))
        page += (
            f"| [{group}]({group}.md) | {code(DEFAULTS.get(group, ''))} | {links} |\n"
        )
    return page


def group_page(group: str, pictures: Collection[str]) -> str:
    """Return the page of a group: each option, its target, arguments and picture.

    Args:
        group: a folder of ``conf/``.
        pictures: paths such as ``activation/gelu.png``, beside the page in ``gallery``.
    """
    parts = [f"# {group}"]
    if name := DEFAULTS.get(group):
        parts += [f"The default is {link(group, name)}."]
    if (CONF / group / "README.md").is_file():
        parts += [f"[How to use this group]({group}/README.md)."]
    if keys := keys_of_every(group):
        parts += ["## Keys of every option", table(keys)]
    for name in names_of(group):
        parts += about(group, name)
        if (picture := f"{group}/{name}.png") in pictures:
            parts += [f"![A picture of {name}](gallery/{picture})"]
    return "\n\n".join(parts) + "\n"


def names_of(group: str) -> list[str]:
    """Return the options of a group that a user chooses."""
    return [name for name in options_of(group) if f"{group}/{name}" != "hydra/default"]


def about(group: str, name: str) -> Iterator[str]:
    """Yield the paragraphs about an option."""
    text = (CONF / group / f"{name}.yaml").read_text("utf-8")
    file = FILE.fullmatch(text)
    assert file is not None, f"{group}/{name}.yaml has no comment in its first line"
    folder, _, last = f"{group}/{name}".rpartition("/")
    choice = f"{folder}={last}" if group == "hydra" else f"{group}={name}"
    yield f"## `{choice}` {{#{name}}}"
    if file["package"] == "_global_":  # an experiment: settings of several groups
        yield f"```yaml\n{file['body']}```"
        return
    paper = PAPER.search(file["title"])
    reference = f"([reference]({paper[1]}))" if paper else ""
    yield plain(PAPER.sub("", file["title"])) + reference
    yield from details(text, file["package"] or folder.replace("/", "."))


def details(text: str, prefix: str) -> Iterator[str]:
    """Yield target, included options and arguments of an option's file."""
    content = yaml.safe_load(text)
    target = content.get("_target_", "")
    if target:
        yield f"Target: `{target}`"
    if included := [code(each) for each in included_in(content.get("defaults", []))]:
        yield f"Includes: {', '.join(included)}"
    rows = list(arguments_in(yaml.compose(text), text, prefix))
    if rows:
        yield table(rows)
    known = {row.key for row in (*rows, *keys_of_every(prefix))}
    if others := [code(t) for t in further_arguments(target, prefix, known)]:
        yield f"Other arguments of the target, `+{prefix}.…`: {', '.join(others)}"


def included_in(defaults: list[str | dict[str, str]]) -> Iterator[str]:
    """Yield the options that an option brings with it."""
    for each in defaults:
        if isinstance(each, str):
            yield each
        else:
            yield from (f"{PLACE.sub('', key, 1)}={name}" for key, name in each.items())


def keys_of_every(group: str) -> list[Argument]:
    """Return the keys that ``train.yaml`` gives every option of a group."""
    nodes = {key.value: value for key, value in yaml.compose(TRAIN).value}
    is_given = group in nodes and group != "hydra"
    return list(arguments_in(nodes[group], TRAIN, group)) if is_given else []


def table(rows: list[Argument]) -> str:
    """Return the arguments as a table, without the columns that are empty."""
    cells = [
        (code(r.key), plain(r.type), code(r.default), plain(r.meaning)) for r in rows
    ]
    titles = [*Argument._fields]
    columns = [c for c in zip(titles, ["---"] * 4, *cells, strict=True) if any(c[2:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in zip(*columns, strict=True))


def link(group: str, name: str) -> str:
    """Return a link to the part of a page about an option."""
    return f"[{name}]({group}.md#{name})"


def code(text: str) -> str:
    """Return text as code in Markdown, also in a cell."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def plain(text: str) -> str:
    """Return a comment as Markdown that shows its characters as they are."""
    parts = re.split(r"(`.*?`)", escape(text, quote=False))
    return "".join(p if p[:1] == "`" else re.sub(r"([*|])", r"\\\1", p) for p in parts)
