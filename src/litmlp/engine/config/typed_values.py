"""Values of a config in the types that their constructors have: ``'0.1'`` is 0.1."""

import re
import types
from contextlib import suppress
from typing import Any, Union, cast, get_args, get_origin

from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict

from litmlp.argument_checks import check_value
from litmlp.construct import MISSING, arguments_of, resolve
from litmlp.schedulers import TOTAL

NAMED_PARTS = ("callbacks", "logger", "task.metrics")
"""Sections of a config whose keys are names of parts, each of which may be null."""

OPEN = (MISSING, TOTAL)
"""Texts that stand for a value which is known later."""


def remove_null_parts(config: DictConfig) -> None:
    """Remove the parts that null or false has switched off: ``logger.csv=null``.

    So no reader of the config has to know of them.
    """
    for name in NAMED_PARTS:
        section = OmegaConf.select(config, name)
        for key in [k for k in section or () if section[k] in (None, False)]:
            with open_dict(section):
                del section[key]


def convert_texts(config: DictConfig) -> None:
    """Give numbers that arrive as texts the type that their constructor names.

    ``${oc.env:LR}`` becomes ``${oc.decode:${oc.env:LR}}``, so that a saved config has
    no value of the environment.

    Raises:
        UserError: a text where a constructor needs a number, and which is none.
    """
    content = cast(dict[str, Any], OmegaConf.to_container(config))
    for key, section in content.items():
        if isinstance(section, dict):
            _convert_section(config, content, section, key)


def _convert_section(
    config: DictConfig, content: dict[str, Any], section: dict[str, Any], where: str
) -> None:
    """Convert the texts of a section, given as plain containers, and of its parts."""
    for name, value in section.items():
        key = f"{where}.{name}"
        if isinstance(value, dict):
            _convert_section(config, content, value, key)
        elif has_number(value, content) and "_target_" in section:
            hints = arguments_of(resolve(section["_target_"], where))[1]
            hint = hints.get(name, like_number(value))
            if excludes_text(hint):
                _convert(config, key, value, hint)


def like_number(value: Any) -> Any:
    """Return the annotation for an argument that has none, by a value of it."""
    items = value if isinstance(value, list) else [value]
    if any(isinstance(as_number(item), str) for item in items):
        return Any
    return list[int | float] if isinstance(value, list) else int | float


def has_number(value: Any, content: dict[str, Any]) -> bool:
    """Say whether a value is, has or may refer to a text that stands for a number.

    Args:
        value: unresolved.
        content: the whole config, in which references are looked up.
    """
    if isinstance(value, list):
        return any(has_number(item, content) for item in value)
    while isinstance(value, str) and (reference := REFERENCE.fullmatch(value)):
        value = content
        for name in reference[1].split("."):
            value = value.get(name) if isinstance(value, dict) else None
    return isinstance(value, str) and bool(NUMBER.search(value))


REFERENCE = re.compile(r"\$\{([\w.]+)\}")
NUMBER = re.compile(r"\$\{|^\s*[-+]?\.?\d|^\s*(true|false|nan|[-+]?inf)\s*$", re.I)
"""A text that may stand for a number or a bool, or that has a reference in it."""


def _convert(config: DictConfig, key: str, raw: Any, hint: Any) -> None:
    """Convert one value, a text or a list that has one."""
    # A reference to what only the data know has no value yet.
    resolved = OmegaConf.select(config, key, throw_on_resolution_failure=False)
    items = raw if isinstance(raw, list) else [raw]
    given = list(resolved) if isinstance(raw, list) else [resolved]
    decoded = [
        f"${{oc.decode:{item}}}"
        if isinstance(value, str) and "${" in str(item)
        else item
        for item, value in zip(items, given, strict=True)
    ]
    OmegaConf.update(config, key, decoded if isinstance(raw, list) else decoded[0])
    value = OmegaConf.select(config, key, throw_on_resolution_failure=False)
    if isinstance(value, ListConfig):
        value = OmegaConf.to_container(value, resolve=True)
    if value is None or value in OPEN:
        return
    texts = [as_number(item) for item in value] if isinstance(value, list) else value
    checked = check_value(as_number(texts), hint, key)
    if isinstance(raw, list):
        pairs = zip(decoded, checked, strict=True)
        OmegaConf.update(config, key, [d if "${" in str(d) else c for d, c in pairs])
    elif "${" not in raw:
        OmegaConf.update(config, key, checked)


def as_number(value: Any) -> Any:
    """Return the number that a text stands for, any other value as it is."""
    for kind in (int, float) if isinstance(value, str) else ():
        with suppress(ValueError):
            return kind(value)
    return value


def excludes_text(hint: Any) -> bool:
    """Say whether an annotation has a number or a bool in it, and no text.

    >>> excludes_text(float | None), excludes_text(int | str)
    (True, False)
    """
    kinds = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return str not in kinds and any(map(excludes_text, kinds))
    return any(map(excludes_text, kinds)) if kinds else hint in (int, float, bool)
