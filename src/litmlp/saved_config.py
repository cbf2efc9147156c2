"""A run's config as its folder keeps it, under ``.hydra``, where Hydra would put it."""

from pathlib import Path
from typing import Any, cast

import yaml
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, ListConfig, OmegaConf

from litmlp.files import replace

FOLDER = ".hydra"

FAST: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times faster, if built


class Dumper(FAST):  # type: ignore[misc]  # no class that mypy knows
    """Writes what OmegaConf reads as it was."""

    def ignore_aliases(self, data: Any) -> bool:
        return True  # a list used twice is written twice


def text(dumper: Dumper, value: str) -> yaml.Node:
    """A string that stays one: plain YAML knows no number 1e-3, OmegaConf does."""
    style = "'" if is_number(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def is_number(value: str) -> bool:
    """Whether Python, and so OmegaConf, could read it as a number."""
    try:
        float(value)
    except ValueError:
        return False
    return True


Dumper.add_representer(str, text)


def as_yaml(config: DictConfig | ListConfig) -> str:
    """The config unresolved, so without the environment's secrets."""
    content = OmegaConf.to_container(config, enum_to_str=True)
    dumped: str = yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True)
    return dumped


def write_config(folder: Path, config: DictConfig) -> None:
    """Save a run's config."""
    write(folder, "config", config)


def write_launch(folder: Path, config: DictConfig) -> None:
    """Save what a run was launched with: its config, and Hydra's, if that launched it.

    Hydra itself would do so before a run can refuse a folder that another has, and
    would take several times as long.
    """
    write_config(folder, config)
    if HydraConfig.initialized():
        hydra = cast(DictConfig, HydraConfig.instance().cfg)
        write(folder, "hydra", hydra)
        write(folder, "overrides", hydra.hydra.overrides.task)


def write(folder: Path, name: str, config: DictConfig | ListConfig) -> None:
    """Replace a file of the folder as a whole."""
    path = folder / FOLDER / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = as_yaml(config)
    replace(
        path,
        lambda partial: partial.write_text(content, encoding="utf-8"),
        settled=False,
    )
