"""An option of conf/ built by itself, and a regressor with little in it."""

from collections.abc import Collection
from typing import Any

from conftest import CONF
from omegaconf import OmegaConf
from torch import nn

from litmlp.engine.config.instantiate_node import construct_node
from litmlp.regressor import Regressor


def option(
    group: str, name: str, *, reserved: Collection[str] = (), **changes: Any
) -> Any:
    """Build an option of a group, with some values changed."""
    node = OmegaConf.load(CONF / group / f"{name}.yaml")
    return construct_node(OmegaConf.merge(node, changes), group, reserved=reserved)


def a_regressor(num_outputs: int = 2, **changes: Any) -> Regressor:
    """Wrap a network that does nothing, unless another is given."""
    arguments: dict[str, Any] = {
        "network": nn.Identity(),
        "loss": nn.MSELoss(),
        "target_names": ["u", "v", "w"][:num_outputs],
        "target_mean": [0.0] * num_outputs,
        "target_std": [1.0] * num_outputs,
        "output_activation": nn.Identity,
        "metrics": {},
    }
    return Regressor(num_outputs=num_outputs, **(arguments | changes))
