"""The allowlist of the ``hydra:`` section: classes that Hydra may build, and settings.

Hydra builds the objects of this section before any code of a script runs, and a config
file from elsewhere can contain such a section. So the section is checked as soon as it
is composed.
"""

import re
from collections.abc import Iterator
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from litmlp.errors import UserError

ALLOWED = {
    "callbacks": r"litmlp\.engine\.sweep\.hooks\.LaunchHooks"
    r"|hydra\.experimental\.callbacks\.(LogJobReturnCallback|PickleJobInfoCallback)",
    "launcher": r"(hydra_plugins|hydra\._internal\.core_plugins)\.\w+\.\w+",
    "sweeper": r"(hydra_plugins|hydra\._internal\.core_plugins)\.\w+\.\w+"
    r"|optuna\.(pruners|samplers)\.\w+",
    "job_logging": r"logging\.(Formatter|StreamHandler|FileHandler|NullHandler)"
    r"|logging\.handlers\.(Timed)?RotatingFileHandler|colorlog\.ColoredFormatter",
}
"""The classes that each part may name. Add your own classes here."""
ALLOWED["hydra_logging"] = ALLOWED["job_logging"]

NAMING = ("_target_", "()", "class", "factory")
"""Keys whose values Hydra and Python's logging call."""

STREAMS = ("ext://sys.stdout", "ext://sys.stderr")
"""The objects that Python's logging may look up by name."""

LOG = "${hydra.runtime.output_dir}/"
"""The run's own folder, in which Python's logging may write."""


def check_hydra_section(section: DictConfig) -> None:
    """Check that a ``hydra:`` section names only what the allowlist has."""
    names = {
        "hydra.job.name": section.job.get("name"),
        "hydra.output_subdir": section.output_subdir,
    }
    for part, allowed in ALLOWED.items():
        for place, key, value in named(section[part], f"hydra.{part}"):
            if key in NAMING and not re.fullmatch(allowed, value):
                raise UserError(
                    f"{place}={value} is not allowed: allowed classes are "
                    "listed in litmlp/engine/config/hydra_allowlist.py"
                )
            looks_up = part.endswith("logging") and re.match("(ext|cfg)://", value)
            if looks_up and value not in STREAMS:
                raise UserError(
                    f"{place}={value} is not allowed: {' and '.join(STREAMS)} are"
                )
            if key == "filename" and (not value.startswith(LOG) or ".." in value):
                raise UserError(f"{place}={value} is not allowed: {LOG}… is")
    for place, name in names.items():
        if name is not None and not re.fullmatch(r"[\w.+-]*\w", str(name)):
            raise UserError(f"{place}={name} is not allowed: a plain name is")
    for name in section.job.env_set:  # some variables make libraries load code
        raise UserError(
            f"hydra.job.env_set.{name} is not allowed: set {name} in the shell"
        )


def named(node: Any, place: str, key: Any = "") -> Iterator[tuple[str, Any, str]]:
    """Yield the texts of nested configs, each after its dotted key and its last key.

    A text is resolved if its references can be resolved already.
    """
    if not OmegaConf.is_config(node):
        yield place, key, str(node)
        return
    raw = OmegaConf.to_container(node, resolve=False)
    for key in list(node) if OmegaConf.is_dict(node) else range(len(node)):
        try:
            value = node[key]
        except OmegaConfBaseException:
            value = cast(Any, raw)[key]
        yield from named(value, f"{place}.{key}", key)
