"""The cure for a command that Hydra cannot compose: what to type instead."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Protocol

from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Override
from hydra.errors import MissingConfigException
from omegaconf import DictConfig, OmegaConf

from litmlp.engine.config.hyperparameters import flat
from litmlp.engine.config.key_synonyms import KEYS, OPTIONS
from litmlp.errors import UserError, nearest


class Options(Protocol):
    """The options that a launch can choose, in its search path; Hydra has the class."""

    def group_exists(self, config_path: str) -> bool: ...

    def config_exists(self, config_path: str) -> bool: ...

    def load_config(self, config_path: str) -> Any: ...

    def get_group_options(
        self, group_name: str, results_filter: ObjectType | None = ...
    ) -> list[str]: ...


class Cures:
    """Says what to type instead of an override.

    Args:
        repository: of all options that the launch can choose.
        config: composed without the override.
    """

    def __init__(self, repository: Options, config: DictConfig) -> None:
        self.repository, self.config = repository, config

    def of(self, error: Exception, override: Override | None) -> str | None:
        """Return the line for an error of Hydra, None if Hydra's own is good enough."""
        if isinstance(error, MissingConfigException) and error.missing_cfg_file:
            return self.of_option(error.missing_cfg_file)
        if again := re.match(r"Multiple values for (\S+)\.", str(error)):
            return f"{again[1]} is chosen already: leave out the plus"
        if override is None:
            return None
        is_value = type(error) is ValueError
        return self.of_value(override) if is_value else self.of_key(override)

    def of_option(self, file: str) -> str:
        """Return the line for an option without a file, by the name of that file."""
        # Our options may lie in subfolders; in Hydra's own names the group has them.
        split = file.rpartition if file.startswith("hydra/") else file.partition
        group, _, option = split("/")
        return f"{group}={option}: no such option. {self.nearest_option(group, option)}"

    def of_value(self, override: Override) -> str:
        """Return the line for a value, such as 0.5 or null, in place of an option."""
        group, value = override.key_or_group, override.value()
        typed = {"None": "none", "False": "none"}.get(str(value), str(value))
        if group == "dropout" and isinstance(value, int | float) and value is not True:
            cure = f"Did you mean dropout=dropout dropout.p={value}?"
        else:
            cure = self.nearest_option(group, typed)
        return f"{override.input_line}: an option is needed. {cure}"

    def of_key(self, override: Override) -> str | None:
        """Return the line for a key that the config does not have."""
        key, known = override.key_or_group, names_in(self.config, "")
        parent, _, name = key.rpartition(".")
        if key in known:
            return None
        _, equals, value = str(override.input_line).partition("=")
        if cure := next(self.other_keys(key, name, equals + value), None):
            return f"{key}: {cure}"
        while parent and parent.rpartition(".")[2] not in names_in(
            self.config, parent.rpartition(".")[0]
        ):
            parent, _, name = parent.rpartition(".")
        known = names_in(self.config, parent)
        missing = f"{parent}.{name}".lstrip(".")
        return f"{missing}: no such key. {nearest(name, known)}"

    def other_keys(self, key: str, name: str, value: str) -> Iterator[str]:
        """Yield what the key may stand for, the likeliest first."""
        group, inner = group_of(key, self.repository)
        chosen = self.config.hydra.runtime.choices.get(group)
        if group == "optimizer" and inner.split(".")[0] == "groups":
            yield f"{group}={chosen} leaves it out: add it, +{key}{value}"
        if group and inner in self.arguments_of(group):
            yield f"{group}={chosen} leaves it out: add it, +{key}{value}"
        if options := self.options_with(group, inner):
            yield (
                f"{group}={chosen} has no such key. Did you mean {group}={options[0]} "
                f"{key}{value}? Options with it: {', '.join(options)}"
            )
        if meant := KEYS.get(bare(name)):
            yield f"no such key. Did you mean {meant}{value}?"
        keys = {each: each.rpartition(".")[2] for each in paths(self.config)}
        for each in sorted((k for k in keys if keys[k] == name), key=len):
            yield f"no such key. Did you mean {each}{value}?"
        for other in self.groups() if not group else []:
            if options := self.options_with(other, name):
                dotted = f"{other.replace('/', '.')}.{name}{value}"
                yield f"no such key. Did you mean {other}={options[0]} {dotted}?"
        known = names_in(self.config, key.rpartition(".")[0])
        if get_close_matches(name, known, n=1):
            return
        own = {k: each for k, each in keys.items() if not k.startswith("hydra.")}
        for close in get_close_matches(name, own.values(), n=1, cutoff=0.75):
            each = min((k for k in own if own[k] == close), key=len)
            yield f"no such key. Did you mean {each}{value}?"

    def nearest_option(self, group: str, option: str) -> str:
        """Return the nearest option of a group, or of another one, and all of them."""
        known = self.options_of(group)
        plain = {bare(name.rpartition("/")[2]): name for name in known}
        wanted = bare(option)
        meant = OPTIONS.get(group, {}).get(wanted) or plain.get(wanted)
        if meant is None:
            parts = [
                plain[name]
                for name in plain
                if wanted and (wanted in name or (len(name) > 3 and name in wanted))
            ]
            meant = min(parts, key=len, default=None)
        if meant is not None and meant not in known:
            return f"Did you mean {group}={meant}?"
        if meant is not None:
            return f"Did you mean {meant}? Allowed: {', '.join(sorted(known))}"
        for other in self.groups() if wanted != "none" else []:
            if option in self.options_of(other):
                return f"Did you mean {other}={option}?"
        return nearest(option, known)

    def options_of(self, group: str) -> list[str]:
        """Return the options of a group, with those in its subfolders."""
        own = self.repository.get_group_options(group, ObjectType.CONFIG)
        inner = self.repository.get_group_options(group, ObjectType.GROUP)
        nested = [] if group.startswith("hydra") else inner
        more = (f"{g}/{o}" for g in nested for o in self.options_of(f"{group}/{g}"))
        return [*own, *more]

    def groups(self) -> list[str]:
        """Return the groups of a run's parts and those of a sweep."""
        top = self.repository.get_group_options("", ObjectType.GROUP)
        own = [group for group in top if group not in ("experiment", "hydra")]
        own.sort(key=lambda group: group != "optimizer")  # has most of the numbers
        return [*own, "hydra/sweeper", "hydra/launcher"]

    def options_with(self, group: str, key: str) -> list[str]:
        """Return the options of a group whose file has a key."""
        parent, _, name = key.rpartition(".")
        options = self.options_of(group) if group else []
        found = [o for o in options if name in names_in(self.content(group, o), parent)]
        # Most files that are named are tables.
        return sorted(found, key=lambda option: option not in (bare(group), "table"))

    def content(self, group: str, option: str) -> Any:
        """Return the content of an option's file."""
        return self.repository.load_config(f"{group}/{option}").config

    def arguments_of(self, group: str) -> list[str]:
        """Return the names of the arguments of a group's class."""
        # Loading takes seconds, for which only this mistake waits.
        from litmlp.construct import arguments_of, resolve

        target = OmegaConf.select(self.config, f"{group.replace('/', '.')}._target_")
        is_own = target and not group.startswith("hydra")
        return arguments_of(resolve(target, group))[0] if is_own else []


def names_in(config: Any, key: str) -> list[str]:
    """Return the names in a section of a config, which need not be there."""
    node = OmegaConf.select(config, key) if key else config
    return [str(name) for name in node] if isinstance(node, DictConfig) else []


def paths(config: DictConfig) -> dict[str, None]:
    """Return the dotted keys of all values and sections of a config."""
    parts = [key.split(".") for key in flat(config)]
    return dict.fromkeys(".".join(p[: i + 1]) for p in parts for i in range(len(p)))


def group_of(key: str, repository: Options) -> tuple[str, str]:
    """Return the group that a key lies in, or nothing, and the rest of the key."""
    parts = key.split(".")
    for count in range(len(parts) - 1, 0, -1):
        group = "/".join(parts[:count])
        if repository.group_exists(group):
            return group, ".".join(parts[count:])
    return "", key


def refused(
    error: Exception, overrides: Sequence[Override], repository: Options
) -> Override | None:
    """Return the override that an error of Hydra is about, if it is one of these."""
    said = re.match(r"Could not (?:override|delete from config\.) '(.+)'", str(error))
    for each in overrides:
        if said and each.key_or_group == said[1]:
            return each
        is_value = not isinstance(each.value(), str | list | dict)
        is_group = repository.group_exists(each.key_or_group)
        if type(error) is ValueError and is_value and is_group:
            return each
    return None


def of_a_part(override: Override | None, repository: Options) -> bool:
    """Say whether an override sets a value of a run's part, such as its scheduler."""
    if override is None or override.is_hydra_override():
        return False
    return bool(group_of(override.key_or_group, repository)[0])


def chosen(
    overrides: Sequence[Override], repository: Options, *, but: Override | None
) -> list[str]:
    """Return the overrides that choose an existing option, apart from one of them."""
    return [
        str(each.input_line)
        for each in overrides
        if each is not but
        and not each.is_add()
        and isinstance(each.value(), str)
        and repository.config_exists(f"{each.key_or_group}/{each.value()}")
    ]


def check_values(override: Override) -> None:
    """Check that an override of a sweep stands for one value or more."""
    varies = override.is_sweep_override() and not override.is_interval_sweep()
    if not varies or next(override.sweep_iterator(), None) is not None:
        return
    raise UserError(f"{override.input_line} has no value")


def of_grammar(override: str, error: Exception) -> str:
    """Return the line for an override that Hydra's grammar refuses, with its reason."""
    text = str(error).partition("\nSee https://")[0]
    reason = re.sub(r"^Error parsing override .*\n", "", text)
    if "missing EQUAL" in reason:
        return f"{override}: not of the form key=value"
    brackets = re.sub(r"\((.*)\)", r"[\1]", override.partition("=")[2])
    a_list = f"; a list is {brackets}" if "'('" in reason else ""
    return (
        f"{override}: {reason}{a_list}; quote what has spaces or signs in it: "
        "'key=\"a = b\"'"
    )


def bare(name: Any) -> str:
    """Return a name without what writers disagree on: capitals, hyphens, underscores.

    >>> bare("Leaky_ReLU")
    'leakyrelu'
    """
    return re.sub(r"[\W_]", "", str(name)).lower()
