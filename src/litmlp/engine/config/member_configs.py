"""The configs of an ensemble's networks, which may differ in some keys."""

import pickle
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from litmlp.argument_types import check_value
from litmlp.errors import UserError
from litmlp.optimizers import FACTORS, member_kind

VARIED = (
    *("model", "activation", "batchnorm", "dropout", "embedding", "encoding"),
    "initializer",
)
"""Sections of a config in which the networks of an ensemble may differ."""

OF_OPTIMIZER = [f"optimizer.{name}" for name in FACTORS]
"""Keys of the one optimizer that may differ: as factors of a network's parameters."""


def member_configs(config: DictConfig) -> list[DictConfig]:
    """Return the config of each network of an ensemble; of one network, itself.

    Args:
        config: gets the factors of an optimizer whose values vary by network.
    """
    ensemble = config.get("ensemble")  # configs of older runs have none
    if ensemble is None or ensemble.size == 1:
        return [config]
    size = check_value(ensemble.size, int, "ensemble.size")
    if size < 1:
        raise UserError(f"ensemble.size={size}: must be 1 or more")
    for key, values in (ensemble.vary or {}).items():
        check_varied(config, str(key), values)
        if key in OF_OPTIMIZER:
            for i in range(size):
                set_factor(config, key, i, values[i % len(values)])
    members = [pickle.loads(pickle.dumps(config)) for _ in range(size)]
    for key, values in (ensemble.vary or {}).items():
        for i, member in enumerate(members):
            OmegaConf.update(member, str(key), values[i % len(values)], merge=False)
    return members


def are_alike(config: DictConfig) -> bool:
    """Return whether the networks of an ensemble have the same layers."""
    vary = OmegaConf.select(config, "ensemble.vary") or {}
    return all(key in OF_OPTIMIZER for key in vary)


def set_factor(config: DictConfig, key: str, index: int, value: Any) -> None:
    """Make a value of the optimizer a factor of the parameters of one network."""
    base, name = OmegaConf.select(config, key), key.rpartition(".")[2]
    if not base:
        raise UserError(f"ensemble.vary: {key}={base}: the values are multiples of it")
    where = f"ensemble.vary: {key}"
    if check_value(value, float, where) < 0:
        raise UserError(f"{where}={value}: must be 0 or more")
    factor = value / base
    path = f"optimizer.groups.{member_kind(index)}.{name}"
    OmegaConf.update(config, path, factor, force_add=True)


def check_varied(config: DictConfig, key: str, values: Any) -> None:
    """Check a key in which the networks of an ensemble differ, and its values."""
    known = key in OF_OPTIMIZER or key.split(".")[0] in VARIED
    if not known or OmegaConf.select(config, key) is None:
        raise UserError(
            f"ensemble.vary: {key} is no key in which networks can differ: choose keys "
            f"of {', '.join(VARIED)}, such as dropout.p, or {', '.join(OF_OPTIMIZER)}"
        )
    if not isinstance(values, ListConfig) or not values:
        raise UserError(f"ensemble.vary: {key}={values}: give a list of values")
