"""A run's config as its folder keeps it, under ``.hydra``, where Hydra would put it."""

from pathlib import Path
from typing import Any

import yaml
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, ListConfig, OmegaConf

from litmlp.engine.folder.atomic_files import replace

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
    return dumped(OmegaConf.to_container(config, enum_to_str=True))


def dumped(content: Any) -> str:
    """Plain containers as YAML."""
    result: str = yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True)
    return result


def write_config(folder: Path, config: DictConfig) -> None:
    """Save a run's config."""
    write(folder, "config", as_yaml(config))


def config_text(folder: Path) -> str:
    """A run's config as it was saved."""
    return _path(folder, "config").read_text(encoding="utf-8")


def write_launch(folder: Path, config: DictConfig) -> None:
    """Save what a run was launched with: its config, and Hydra's, if that launched it.

    Hydra itself would do so before a run can refuse a folder that another has, and
    would take several times as long.
    """
    write_config(folder, config)
    if HydraConfig.initialized():
        hydra: Any = OmegaConf.to_container(HydraConfig.get(), enum_to_str=True)
        write(folder, "hydra", dumped({"hydra": hydra}))
        write(folder, "overrides", dumped(hydra["overrides"]["task"]))


def write(folder: Path, name: str, content: str) -> None:
    """Replace a file of the folder as a whole."""
    path = _path(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(
        path,
        lambda partial: partial.write_text(content, encoding="utf-8"),
        durable=False,
    )


def _path(folder: Path, name: str) -> Path:
    return folder / FOLDER / f"{name}.yaml"
