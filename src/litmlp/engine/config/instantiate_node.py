"""From nodes of a config to objects: the OmegaConf half of :mod:`litmlp.construct`."""

from collections.abc import Collection, Iterator
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from litmlp.construct import construct


def construct_node(
    node: Any, where: str, *, reserved: Collection[str] = (), **late: Any
) -> Any:
    """Build what a config's node describes, as :func:`litmlp.construct.construct` does.

    A mistake in a part that the node takes from a group, such as ``${activation}``, is
    reported under the group's key, which is the one that a user types.
    """
    if not isinstance(node, DictConfig | ListConfig):
        return node
    content, keys = plain_node(node, where)
    return construct(content, where, typed_keys=keys, reserved=reserved, **late)


def plain_node(node: DictConfig | ListConfig, where: str) -> tuple[Any, dict[str, str]]:
    """Resolve a node into plain containers; return these and its :func:`typed_keys`."""
    keys = dict(typed_keys(OmegaConf.to_container(node), where))
    return OmegaConf.to_container(node, resolve=True), keys


def typed_keys(raw: Any, where: str) -> Iterator[tuple[str, str]]:
    """Find the parts that are taken from a group: yields their keys and the group's.

    Args:
        raw: a plain container with its references, such as ``${activation}``.
        where: its key.
    """
    if isinstance(raw, str) and raw.startswith("${") and raw[2:-1].isidentifier():
        yield where, raw[2:-1]
    elif isinstance(raw, dict):
        for key, value in raw.items():
            yield from typed_keys(value, f"{where}.{key}")
    elif isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from typed_keys(value, f"{where}[{index}]")
