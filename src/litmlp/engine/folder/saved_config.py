"""The config of a run as its folder keeps it, in ``.hydra`` as Hydra itself would."""

from pathlib import Path
from typing import Any

import yaml
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, ListConfig, OmegaConf

from litmlp.engine.folder.atomic_files import replace

FOLDER = ".hydra"

FAST: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times faster, if built


class Dumper(FAST):  # type: ignore[misc]  # no class that mypy knows
    """Writer of YAML that OmegaConf reads back unchanged."""

    def ignore_aliases(self, data: Any) -> bool:
        return True  # a list used twice is written twice


def quoted_number(dumper: Dumper, value: str) -> yaml.Node:
    """Quote a string that OmegaConf would read as a number, such as 1e-3."""
    try:
        float(value)
    except ValueError:
        style = None
    else:
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


Dumper.add_representer(str, quoted_number)


def as_yaml(config: DictConfig | ListConfig) -> str:
    """Return a config unresolved, so without the environment's secrets."""
    return to_yaml(OmegaConf.to_container(config, enum_to_str=True))


def to_yaml(content: Any) -> str:
    """Return plain containers as YAML."""
    result: str = yaml.dump(content, Dumper=Dumper, sort_keys=False, allow_unicode=True)
    return result


def write_config(folder: Path, config: DictConfig) -> None:
    """Save a run's config."""
    write(folder, "config", as_yaml(config))


def write_launch(folder: Path, config: DictConfig) -> None:
    """Save a run's config, and Hydra's config and overrides if Hydra launched the run.

    Hydra itself would save them before a run can refuse a folder that is in use, and
    would take several times as long.
    """
    write_config(folder, config)
    if HydraConfig.initialized():
        hydra: Any = OmegaConf.to_container(HydraConfig.get(), enum_to_str=True)
        write(folder, "hydra", to_yaml({"hydra": hydra}))
        write(folder, "overrides", to_yaml(hydra["overrides"]["task"]))


def write(folder: Path, name: str, text: str) -> None:
    """Replace a file of the folder as a whole."""
    path = folder / FOLDER / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(
        path, lambda partial: partial.write_text(text, encoding="utf-8"), durable=False
    )
