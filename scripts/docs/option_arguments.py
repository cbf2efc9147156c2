"""Keys of an option's file: value and comment by the YAML, type by the target."""

import inspect
import json
from collections.abc import Iterator, Set
from contextlib import suppress
from typing import Any, NamedTuple

import yaml

from litmlp.construct import arguments_of, resolve
from litmlp.errors import UserError
from litmlp.value_checks import readable

OF_HYDRA = ("_target_", "_partial_", "_recursive_", "_convert_", "defaults")


class Argument(NamedTuple):
    """A key, as a user types it, with the texts of its value and its comment."""

    key: str
    type: str
    default: str
    meaning: str


def arguments_in(node: yaml.MappingNode, text: str, prefix: str) -> Iterator[Argument]:
    """Yield the keys of a mapping, also those of mappings in it that fill lines.

    Args:
        node: of the YAML, which knows where each value stands.
        text: the whole file.
        prefix: what a user types before the key.
    """
    values = {key.value: value for key, value in node.value}
    target = values.get("_target_")
    hints, _ = signature_of(target.value if target else "")
    for key, value in values.items():
        if isinstance(value, yaml.MappingNode) and not value.flow_style:
            yield from arguments_in(value, text, f"{prefix}.{key}")
        elif key not in OF_HYDRA:
            literal = text[value.start_mark.index : value.end_mark.index]
            _, _, comment = text.splitlines()[value.start_mark.line].partition(" # ")
            kind = readable(hints[key]) if key in hints else ""
            yield Argument(f"{prefix}.{key}", kind, literal, comment)


def further_arguments(target: str, prefix: str, known: Set[str]) -> Iterator[str]:
    """Yield ``name=default`` of a target's arguments without a key among the known."""
    for name, parameter in signature_of(target)[1].items():
        is_plain = isinstance(parameter.default, bool | int | float | str | None)
        if is_plain and f"{prefix}.{name}" not in known:
            yield f"{name}={json.dumps(parameter.default)}"


def signature_of(target: str) -> tuple[dict[str, Any], dict[str, inspect.Parameter]]:
    """Return annotations and parameters of a target; none of a class of Hydra's."""
    with suppress(UserError):
        found = resolve(target, "option")
        return arguments_of(found)[1], dict(inspect.signature(found).parameters)
    return {}, {}
