"""The cure for a command that Hydra cannot compose: what to type instead."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Protocol

from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Override
from hydra.errors import MissingConfigException
from omegaconf import DictConfig, OmegaConf

from litmlp.engine.config.hyperparameters import flat
from litmlp.errors import UserError, nearest

KEYS = {
    "device": "trainer",
    "dataset": "data",
    "epochs": "trainer.max_epochs",
    "folds": "data.num_folds",
    "hiddenlayers": "model.hidden_sizes",
    "layers": "model.hidden_sizes",
    "learningrate": "optimizer.lr",
    "maxiter": "trainer.max_epochs",
    "metric": "monitor",
    "numepochs": "trainer.max_epochs",
    "randomstate": "seed",
    "steps": "trainer.max_steps",
    "testsize": "data.test_share",
    "units": "model.hidden_sizes",
}
"""Keys of other libraries, without underscores, and the key here that means it."""


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
        if type(error) is ValueError:  # a value, such as 0.5, in place of an option
            known = self.options_of(override.key_or_group)
            cure = nearest(str(override.value()), known)
            return f"{override.input_line}: an option is needed. {cure}"
        return self.of_key(override)

    def of_option(self, file: str) -> str:
        """Return the line for an option without a file, by the name of that file."""
        # Our options may lie in subfolders; in Hydra's own names the group has them.
        split = file.rpartition if file.startswith("hydra/") else file.partition
        group, _, option = split("/")
        known = self.options_of(group)
        same = (o for o in known if bare(o.rpartition("/")[2]) == bare(option))
        cure = nearest(next(same, option), known)
        return f"{group}={option}: no such option. {cure}"

    def of_key(self, override: Override) -> str | None:
        """Return the line for a key that the config does not have."""
        key = override.key_or_group
        section, _, name = key.rpartition(".")
        if name in names_in(self.config, section):
            return None
        _, equals, value = str(override.input_line).partition("=")
        typed = equals + value
        if cure := self.of_other_option(key, typed):
            return f"{key}: {cure}"
        if meant := self.nearest_key(section, name):
            return f"{key}: no such key. Did you mean {meant}{typed}?"
        while section and not names_in(self.config, section):
            key, (section, _, name) = section, section.rpartition(".")
        return f"{key}: no such key. {nearest(name, names_in(self.config, section))}"

    def of_other_option(self, key: str, typed: str) -> str | None:
        """Return the cure for a key that the chosen option of its group leaves out."""
        group, inner = group_of(key, self.repository)
        chosen = self.config.hydra.runtime.choices.get(group)
        if group and (inner in self.arguments_of(group) or inner.startswith("groups.")):
            return f"{group}={chosen} leaves it out: add it, +{key}{typed}"
        if options := self.options_with(group, inner):
            return (
                f"{group}={chosen} has no such key. Did you mean {group}={options[0]} "
                f"{key}{typed}? Options with it: {', '.join(options)}"
            )
        return None

    def nearest_key(self, section: str, name: str) -> str | None:
        """Return the key of another section that is meant, if a key has such a name."""
        if meant := KEYS.get(bare(name)):
            return meant
        own = (key for key in paths(self.config) if not key.startswith("hydra."))
        keys = sorted(own, key=len)
        by_name = {key.rpartition(".")[2]: key for key in reversed(keys)}
        if name in by_name:
            return by_name[name]
        if get_close_matches(name, names_in(self.config, section), n=1):
            return None
        close = get_close_matches(name, by_name, n=1, cutoff=0.75)
        return by_name[close[0]] if close else None

    def options_of(self, group: str) -> list[str]:
        """Return the options of a group, with those in its subfolders."""
        own = self.repository.get_group_options(group, ObjectType.CONFIG)
        inner = self.repository.get_group_options(group, ObjectType.GROUP)
        nested = [] if group.startswith("hydra") else inner
        more = (f"{g}/{o}" for g in nested for o in self.options_of(f"{group}/{g}"))
        return [*own, *more]

    def options_with(self, group: str, key: str) -> list[str]:
        """Return the options of a group whose file has a key."""
        parent, _, name = key.rpartition(".")
        found = [
            option
            for option in (self.options_of(group) if group else [])
            if name
            in names_in(self.repository.load_config(f"{group}/{option}").config, parent)
        ]
        # Most files that are named are tables.
        return sorted(found, key=lambda option: option not in (group, "table"))

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
    return f"{override}: {reason}; quote what has spaces or signs: 'key=\"a = b\"'"


def bare(name: Any) -> str:
    """Return a name without what writers disagree on: capitals, hyphens, underscores.

    >>> bare("Leaky_ReLU")
    'leakyrelu'
    """
    return re.sub(r"[\W_]", "", str(name)).lower()
