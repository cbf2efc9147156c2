"""Hyperparameters of a run under short names: columns of TensorBoard's HParams tab."""

import re
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

Value = str | int | float | bool

NOT_CHOSEN = re.compile(
    r"^(experiment|folder|hydra|lesson|logger|mode|monitor|name|num_threads|sweep)\b"
    r"|^(callbacks\.(?!early_stopping)|task\.)"
    r"|\._"
)
"""Keys of a config that are no hyperparameters, or that follow from the data."""


def hyperparameters(config: DictConfig, choices: Mapping[str, str]) -> dict[str, Value]:
    """Collect ``{"activation": "relu", "optimizer": "adam", "optimizer.lr": 1e-3, …}``.

    A value that refers to another key, such as ``seeds.order: ${seed}``, is left out:
    it says nothing new, and values of the environment stay secret.

    Args:
        config: of the run.
        choices: the option of each group.
    """
    groups = {group.split("@")[-1]: choice for group, choice in choices.items()}
    found: dict[str, Value] = {g: groups[g] for g in groups if g in config}
    for key, value in flat(config).items():
        text = "-".join(map(str, value)) if isinstance(value, list) else str(value)
        if value is not None and not re.search(r"\$\{|^\?\?\?$", text):
            found[key] = text if isinstance(value, list) else value
    return {key: found[key] for key in sorted(found) if not NOT_CHOSEN.search(key)}


def flat(node: Any, prefix: str = "") -> dict[str, Any]:
    """Return the values of a nested config by dotted keys, unresolved."""
    content = OmegaConf.to_container(node) if isinstance(node, DictConfig) else node
    if not isinstance(content, dict):
        return {prefix: content}
    found: dict[str, Any] = {}
    for key, value in content.items():
        found |= flat(value, ".".join(filter(None, [prefix, str(key)])))
    return found
