"""A JSON schema of ``conf/``, by which an editor completes and checks options."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from pydantic import PydanticUserError
from pydantic_core import SchemaError

from litmlp.construct import arguments_of, resolve
from litmlp.engine.option_folders import open_project, option_folders
from litmlp.errors import UserError
from litmlp.schedulers import TOTAL
from litmlp.value_checks import adapter

FILE = Path(".vscode/options.schema.json")

OF_HYDRA = ("_target_", "_partial_", "defaults")
OF_LITMLP = ("name", "interval", "monitor", "frequency", "x_axis", "groups")
"""Keys of an option that its target does not get."""

LATER = {"type": "string", "pattern": rf"^(\$\{{.*\}}|\?\?\?|{TOTAL}|auto)$"}
"""A value that refers to another key, or that is known later."""

NODE = {"$ref": "#/definitions/node"}


SETTINGS = {"yaml.schemas": {FILE.as_posix(): "conf/**/*.yaml"}}


def write_schema() -> None:
    """Write the schema, and ``.vscode/settings.json`` if there is none."""
    open_project()
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(schema(), indent=1) + "\n", encoding="utf-8")
    print(f"schema       {FILE}")
    settings = FILE.with_name("settings.json")
    if not settings.exists():
        settings.write_text(json.dumps(SETTINGS, indent=1) + "\n", encoding="utf-8")


def schema() -> dict[str, Any]:
    """Return the schema of all option files.

    A node with a ``_target_`` of an option has the arguments of that class or function,
    of the types that it is annotated with. Other targets are not checked.
    """
    files = sorted(path for at in option_folders() for path in at.rglob("*.yaml"))
    contents = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in files]
    targets = sorted(set(targets_in(contents)))
    cases = []
    for target in targets:
        with suppress(UserError):  # of a `hydra:` section, whose classes are Hydra's
            cases.append({"if": names(target), "then": arguments(target)})
    anything: dict[str, Any] = {"additionalProperties": NODE}
    known: dict[str, Any] = {"anyOf": [{"enum": targets}, {"type": "string"}]}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **NODE,
        "definitions": {
            "node": {
                "properties": {"_target_": known, "_partial_": {"type": "boolean"}},
                "items": NODE,
                "allOf": [
                    {"if": {"required": ["_target_"]}, "else": anything},
                    *cases,
                ],
            }
        },
    }


def targets_in(node: Any) -> Iterator[str]:
    """Yield every ``_target_`` in nested dicts and lists."""
    if isinstance(node, dict):
        if "_target_" in node:
            yield node["_target_"]
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from targets_in(value)


def names(target: str) -> dict[str, Any]:
    """Return the schema of a node with this ``_target_``."""
    of_target = {"_target_": {"const": target}}
    return {"type": "object", "required": ["_target_"], "properties": of_target}


def arguments(target: str) -> dict[str, Any]:
    """Return the schema of the arguments of a target, and of no others."""
    given, hints, takes_any = arguments_of(resolve(target, "option"))
    allowed: dict[str, Any] = {key: {} for key in [*OF_HYDRA, *OF_LITMLP]}
    allowed |= {name: value_of(hints.get(name, Any)) for name in given}
    return {"properties": allowed, "additionalProperties": takes_any}


def value_of(hint: Any) -> dict[str, Any]:
    """Return the schema of a value of an annotation; any value where it has none."""
    try:
        found = adapter(hint).json_schema()
    except (PydanticUserError, SchemaError):  # an annotation of no value in YAML
        return {}
    if not found or "$defs" in found:  # of classes: their nodes have a `_target_`
        return {}
    return {"anyOf": [found, LATER, {"allOf": [{"type": "object"}, NODE]}]}
