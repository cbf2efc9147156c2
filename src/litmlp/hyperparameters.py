"""What a run chose, under short names: a column each in TensorBoard's HParams tab."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

Value = str | int | float | bool

NOT_CHOSEN = re.compile(
    r"(experiment|folder|hydra|lesson|logger|mode|monitor|name|num_threads|sweep)\b"
    r"|(callbacks\.(?!early_stopping)|task\.)"
)
"""Keys of a config that are no hyperparameters, or that the data decide."""


def hyperparameters(config: DictConfig, choices: Mapping[str, str]) -> dict[str, Value]:
    """``{"activation": "relu", "optimizer": "adam", "optimizer.lr": 1e-3, …}``.

    What refers to another key, such as ``seeds.order: ${seed}``, is left out: it says
    nothing new, and the environment stays secret.

    Args:
        config: of the run.
        choices: the option of each group.
    """
    content = OmegaConf.to_container(config, resolve=False)
    assert isinstance(content, dict)
    groups = {group.split("@")[-1]: choice for group, choice in choices.items()}
    found: list[tuple[str, Value]]
    found = [(group, groups[group]) for group in groups if group in content]
    found += leaves(content)
    return {name: value for name, value in sorted(found) if not NOT_CHOSEN.match(name)}


def leaves(node: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Value]]:
    """The values of a nested config under dotted names; ``[64, 64]`` is ``64-64``."""
    for key, value in node.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from leaves(value, f"{name}.")
        elif isinstance(value, list):
            text = "-".join(map(str, value))
            if "${" not in text:
                yield name, text
        elif (
            value is not None
            and not str(key).startswith("_")
            and not re.search(r"\$\{|^\?\?\?$", str(value))
        ):
            yield name, value
