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
from litmlp.loadable_module import build_schedule

GROUPS = ("activation", "initializer", "loss", "optimizer", "scheduler", "dropout")


@dataclass(frozen=True)
class Option:
    """A file of a group, and further overrides: ``activation.negative_slope=0.2``."""

    group: str
    name: str  # its path in the folder of the group, without .yaml
    values: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The option as a user types it."""
        return " ".join([f"{self.group}={self.name}", *self.values])

    @property
    def description(self) -> str:
        """The first comment of its file, without the address of the paper."""
        comment = re.match(r"#\s*(.*)", text_of(self.group, self.name))
        return re.sub(r"\s*\(https?://\S+\)", "", comment[1]) if comment else ""

    def build(self) -> tuple[Any, ...]:
        """Build the arguments for the ``measure`` of its group.

        Raises:
            UserError, HydraException: a run with this option would raise it too.
        """
        use_checked_loader()
        with initialize_config_dir(str(option_folders.CONF), version_base="1.3"):
            config = compose("train", [f"{self.group}={self.name}", *self.values])

        def build(key: str, *reserved: str) -> Any:
            return construct_node(config[key], key, reserved=reserved)

        match self.group:
            case "initializer":
                return build("initializer"), build("bias_initializer")
            case "optimizer":
                given = any(value.startswith("optimizer.lr=") for value in self.values)
                lr = config.optimizer.lr if given else None
                return build("optimizer", "groups"), lr
            case "scheduler":
                schedule = OmegaConf.to_container(config.scheduler, resolve=True)
                make_optimizer = build("optimizer", "groups")
                return build_schedule(cast(dict[str, Any], schedule)), make_optimizer
        return (build(self.group),)


def text_of(group: str, name: str) -> str:
    """Return the text of an option's file."""
    file = option_folders.option_file(f"{group}/{name}")
    return file.read_text() if file else ""


def complete_options(group: str) -> list[str]:
    """Return the options of a group that can be drawn without a value from a user."""
    names = options_of(group)
    return [name for name in names if ": ???" not in text_of(group, name)]


def choose(arguments: Sequence[str]) -> list[Option]:
    """Return the options that groups, ``group=option``, ``all`` and values name.

    A value, ``group.key=value``, belongs to the options of its group; if none of these
    is chosen, it belongs to all: ``scheduler optimizer.lr=0.1``.

    Raises:
        UserError: no such group or option.
    """
    values = [text for text in arguments if "." in text.partition("=")[0]]
    owners = {value: value.partition(".")[0].lstrip("+") for value in values}
    chosen: dict[str, list[str]] = {}
    for choice in [text for text in arguments if text not in owners] or ["all"]:
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
    """Return the groups, and the options of each, that one argument names."""
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
