"""The options of ``conf/`` that the command line names, built as a run builds them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from litmlp.engine import option_folders
from litmlp.engine.config.hydra_internals import use_checked_loader
from litmlp.engine.config.instantiate_node import construct_node
from litmlp.engine.option_folders import options_of
from litmlp.errors import UserError, nearest
from litmlp.parts import build_schedule

GROUPS = ("activation", "initializer", "loss", "optimizer", "scheduler", "dropout")


@dataclass(frozen=True)
class Option:
    """A file of a group.

    Args:
        group: its folder in ``conf/``.
        name: its path in that folder, without ``.yaml``.
        values: further overrides, ``activation.negative_slope=0.2``.
    """

    group: str
    name: str
    values: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The option as a user types it."""
        return " ".join([f"{self.group}={self.name}", *self.values])

    @property
    def description(self) -> str:
        """The first comment of its file, without the address of the paper."""
        text = text_of(self.group, self.name)
        comment = re.match(r"#\s*(.*)", text)
        return re.sub(r"\s*\(https?://\S+\)", "", comment[1]) if comment else ""

    def build(self) -> tuple[Any, ...]:
        """Build the arguments for the ``measure`` of its group.

        Raises:
            UserError, HydraException: a run with this option would raise it too.
        """
        use_checked_loader()
        with initialize_config_dir(str(option_folders.CONF), version_base="1.3"):
            config = compose("train", [f"{self.group}={self.name}", *self.values])
        part = config[self.group]
        match self.group:
            case "initializer":
                bias = construct_node(config.bias_initializer, "bias_initializer")
                return construct_node(part, "initializer"), bias
            case "optimizer":
                given = any(value.startswith("optimizer.lr=") for value in self.values)
                return construct_node(
                    part, "optimizer", reserved=["groups"]
                ), part.lr if given else None
            case "scheduler":
                optimizer = construct_node(
                    config.optimizer, "optimizer", reserved=["groups"]
                )
                schedule = OmegaConf.to_container(part, resolve=True)
                return build_schedule(cast(dict[str, Any], schedule)), optimizer
        return (construct_node(part, self.group),)


def text_of(group: str, name: str) -> str:
    """Return the text of an option's file."""
    file = option_folders.option_file(f"{group}/{name}")
    return file.read_text() if file else ""


def missing_values(group: str, name: str) -> list[str]:
    """Return the keys of an option that a user must give, ``values: ???``."""
    text = text_of(group, name)
    return re.findall(r"^(\w+): \?\?\?", text, flags=re.MULTILINE)


def complete_options(group: str) -> list[str]:
    """Return the options of a group that can be drawn as they are."""
    return [name for name in options_of(group) if not missing_values(group, name)]


def choose(arguments: Sequence[str]) -> list[Option]:
    """Return the options that groups, ``group=option``, ``all`` and values name.

    A value, ``group.key=value``, belongs to the options of its group; if none of these
    is chosen, it belongs to all: ``scheduler optimizer.lr=0.1``.

    Raises:
        UserError: no such group or option.
    """
    is_value = {argument: "." in argument.partition("=")[0] for argument in arguments}
    owners = {v: v.partition(".")[0].lstrip("+") for v in arguments if is_value[v]}
    chosen: dict[str, list[str]] = {}
    for choice in [a for a in arguments if not is_value[a]] or ["all"]:
        for group, names in options_named(choice).items():
            chosen[group] = list(dict.fromkeys([*chosen.get(group, []), *names]))
    return [
        Option(
            group,
            name,
            tuple(v for v, of in owners.items() if of == group or of not in chosen),
        )
        for group, names in chosen.items()
        for name in names
    ]


def options_named(choice: str) -> dict[str, list[str]]:
    """Return the groups, and the options of each, that one argument names.

    Raises:
        UserError: there is no such group or option.
    """
    group, given, names = choice.partition("=")
    if choice == "all":
        return {group: complete_options(group) for group in GROUPS}
    if group not in GROUPS:
        allowed = nearest(group, [*GROUPS, "all"])
        raise UserError(f"{group}: the gallery has no such group. {allowed}")
    if not given:
        return {group: complete_options(group)}
    for name in names.split(","):
        if name not in options_of(group):
            allowed = nearest(name, options_of(group))
            raise UserError(f"{group}={name}: no such option. {allowed}")
    return {group: names.split(",")}
