"""The plain data in a checkpoint that describe its module, without secrets."""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from torch import Tensor

from litmlp.data.preprocessing import Preprocessing, blank_row
from litmlp.data.samples import Column
from litmlp.engine.config.instantiate_node import typed_keys

SECTIONS = ("task", "model", "loss", "penalty", "optimizer", "scheduler")
"""The sections of a config that describe a module, apart from what the data say."""

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


def plain_sections(config: DictConfig) -> tuple[dict[str, Any], dict[str, str]]:
    """Resolve the sections of a module; returns them and the keys that a user types."""
    sections: dict[str, Any] = {}
    keys: dict[str, str] = {}
    for name in SECTIONS:
        keys.update(typed_keys(OmegaConf.to_container(config[name]), name))
        sections[name] = OmegaConf.to_container(config[name], resolve=True)
    return sections, keys


def describe(configs: Sequence[DictConfig], data: DataFacts) -> dict[str, Any] | None:
    """Return a :data:`~litmlp.parts.Description` of a config's module.

    Values that come from the environment are replaced by a text that says so.

    Args:
        configs: one per network of an ensemble, complete with what the data decided.
        data: of the run.

    Returns:
        None if there is no description without the values of the environment.
    """
    try:
        shown = [without_environment(config) for config in configs]
        networks = [network_sections(config, data) for config in shown]
        sections, _ = plain_sections(shown[0])
    except OmegaConfBaseException:  # a reference that needs the value
        return None
    return {
        **sections,
        **(networks[0] if len(networks) == 1 else ensemble_sections(networks)),
        "preprocessing": preprocessing_section(shown[0], data),
    }


def without_environment(config: DictConfig) -> DictConfig:
    """Return a config in which a text stands for values from the environment."""
    raw = OmegaConf.to_container(config)
    return OmegaConf.create(hidden(raw)) if ENVIRONMENT in str(raw) else config


def network_sections(config: DictConfig, data: DataFacts) -> dict[str, Any]:
    """Return the sections of the encoding and the network of a config."""
    encoding = OmegaConf.to_container(config.encoding, resolve=True)
    assert isinstance(encoding, dict)
    preprocessing = data.fitted_preprocessing
    return {
        "encoding": {k: v for k, v in encoding.items() if k != "_partial_"}
        | {
            "num_numbers": preprocessing.num_numbers,
            "cardinalities": preprocessing.cardinalities,
            "numbers": torch.zeros_like(data.numbers[:1]).tolist(),
        },
        "model": OmegaConf.to_container(config.model, resolve=True),
    }


def ensemble_sections(networks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the sections of an ensemble, given those of its networks."""
    members = [
        {
            "_target_": "litmlp.ensemble.Member",
            "encoding": own["encoding"],
            "network": own["model"],
        }
        for own in networks
    ]
    return {
        "encoding": {"_target_": "torch.nn.Identity"},
        "model": {"_target_": "litmlp.ensemble.Ensemble", "members": members},
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
