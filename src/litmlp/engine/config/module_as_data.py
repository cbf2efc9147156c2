"""The plain data in a checkpoint that describe its module, without secrets."""

from typing import Any, Protocol

import torch
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from torch import Tensor

from litmlp.data.preprocessing import Preprocessing, blank_row
from litmlp.data.samples import Column
from litmlp.engine.config.instantiate_node import plain_node

SECTIONS = ("task", "loss", "penalty", "optimizer", "scheduler")
"""The sections of a config that describe a module, but for those of its network."""

ENVIRONMENT = "oc.env"
"""The resolver of values that no file should hold."""

HIDDEN = "<from the environment>"


class DataFacts(Protocol):
    """The facts about its data that a model needs: from the data or a checkpoint."""

    @property
    def facts(self) -> dict[str, Any]: ...

    @property
    def fitted_preprocessing(self) -> Preprocessing: ...

    @property
    def numbers(self) -> Tensor:
        """Scaled numbers [N, numeric columns] of the training rows, or blank ones."""


Section = dict[str, Any]
Keys = dict[str, str]
"""The keys that a user types, see :func:`~litmlp.construct.construct`."""


def plain_sections(config: DictConfig) -> tuple[dict[str, Section], Keys]:
    """Resolve the sections of a module, but for those of its network."""
    sections: dict[str, Section] = {}
    all_keys: Keys = {}
    for name in SECTIONS:
        sections[name], keys = plain_node(config[name], name)
        all_keys |= keys
    return sections, all_keys


def encoding_section(config: DictConfig, data: DataFacts) -> tuple[Section, Keys]:
    """Resolve the section of the encoding, with blank numbers in place of the rows'."""
    section, keys = plain_node(config.encoding, "encoding")
    preprocessing = data.fitted_preprocessing
    return {key: value for key, value in section.items() if key != "_partial_"} | {
        "num_numbers": preprocessing.num_numbers,
        "cardinalities": preprocessing.cardinalities,
        "numbers": torch.zeros_like(data.numbers[:1]).tolist(),
    }, keys


def describe(config: DictConfig, data: DataFacts, size: int) -> dict[str, Any] | None:
    """Return a :data:`~litmlp.loadable_module.Description` of a config's module.

    Values that come from the environment are replaced by a text that says so.

    Args:
        config: complete with what the data decided.
        data: of the run.
        size: the number of its networks.

    Returns:
        None if there is no description without the values of the environment.
    """
    shown = without_environment(config)
    try:
        sections, _ = plain_sections(shown)
        sections["encoding"], _ = encoding_section(shown, data)
        sections["model"], _ = plain_node(shown.model, "model")
    except OmegaConfBaseException:  # a reference that needs the value
        return None
    several = ensemble_sections(sections, size) if size > 1 else {}
    return {
        **sections,
        **several,
        "preprocessing": preprocessing_section(shown, data),
    }


def without_environment(config: DictConfig) -> DictConfig:
    """Return a config in which a text stands for values from the environment."""
    raw = OmegaConf.to_container(config)
    return OmegaConf.create(hidden(raw)) if ENVIRONMENT in str(raw) else config


def ensemble_sections(sections: dict[str, Section], size: int) -> dict[str, Section]:
    """Return the sections of an ensemble, given those of each of its networks."""
    member = {
        "_target_": "litmlp.ensemble.Member",
        "encoding": sections["encoding"],
        "network": sections["model"],
    }
    return {
        "encoding": {"_target_": "torch.nn.Identity"},
        "model": {"_target_": "litmlp.ensemble.Ensemble", "members": [member] * size},
    }


def preprocessing_section(config: DictConfig, data: DataFacts) -> dict[str, Any]:
    """Return the section that builds an unfitted preprocessing of the same columns."""
    columns = data.facts["columns"]
    marked = len(data.fitted_preprocessing.marked)
    return {
        "_target_": "litmlp.data.preprocessing.Preprocessing",
        "inputs": blank_row([Column(**c) for c in columns], marked).tolist(),
        "columns": columns,
        "scale": OmegaConf.to_container(config.data.preprocessing, resolve=True),
    }


def hidden(node: Any) -> Any:
    """Replace the values of plain containers that read the environment."""
    if isinstance(node, dict):
        return {key: hidden(value) for key, value in node.items()}
    if isinstance(node, list):
        return [hidden(value) for value in node]
    return HIDDEN if isinstance(node, str) and ENVIRONMENT in node else node
