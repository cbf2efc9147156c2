"""The parts of a classifier or regressor, built from plain data."""

import types
from collections.abc import Mapping
from typing import Any

from litmlp.construct import construct
from litmlp.schedulers import Schedule

Description = Mapping[str, Any]
"""Sections ``task``, ``model``, ``loss``, …: plain dicts, lists and values each."""

SECTIONS = {
    "preprocessing": "preprocessing",
    "encoding": "encoding",
    "network": "model",
    "loss": "loss",
    "penalty": "penalty",
    "optimizer": "optimizer",
    "scheduler": "scheduler",
}
"""The section that describes each part."""


def build_parts(
    description: Description,
    *,
    typed_keys: Mapping[str, str] = types.MappingProxyType({}),
    **given: Any,
) -> dict[str, Any]:
    """Build the parts of a module, see :class:`~litmlp.supervised.Parts`.

    Args:
        description: of the parts that are not given.
        typed_keys: see :func:`~litmlp.construct.construct`.
        given: parts that are built already.

    Raises:
        UserError: a target or a value that is not allowed.
    """
    parts = {}
    for name, section in SECTIONS.items():
        if name in given:
            parts[name] = given[name]
        elif name == "scheduler":
            parts[name] = build_schedule(description[section], typed_keys)
        else:
            content = description[section]
            parts[name] = construct(content, section, typed_keys=typed_keys)
    return parts


def build_schedule(
    content: Mapping[str, Any],
    typed_keys: Mapping[str, str] = types.MappingProxyType({}),
) -> Schedule:
    """Build a schedule; keys that torch lacks say when to step it."""
    reserved = ["interval", "monitor"]
    return Schedule(
        factory=construct(
            content, "scheduler", typed_keys=typed_keys, reserved=reserved
        ),
        **{name: content[name] for name in reserved if name in content},
    )
