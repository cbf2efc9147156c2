"""Values of a config, checked against the annotations of a constructor."""

import collections.abc
import functools
import types
from typing import Any, Literal, Union, get_args, get_origin

import torch
from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from torch import Tensor

from litmlp.errors import UserError, nearest


def check_value(value: Any, hint: Any, where: str) -> Any:
    """Check a value against an annotation; returns a tuple or tensor for a list.

    Raises:
        UserError: the value has another type.
    """
    if get_origin(hint) is collections.abc.Iterable:  # checked only once it is read
        hint = list[get_args(hint)]  # type: ignore[misc]  # known at run time
    kinds = get_args(hint) or (hint,)
    if Tensor in kinds and float not in kinds and isinstance(value, list):
        try:
            return torch.tensor(value, dtype=torch.get_default_dtype())
        except (TypeError, ValueError) as error:
            raise UserError(f"{where}={value}: expected {readable(hint)}") from error
    if holds_bool(value) and "bool" not in str(hint) and hint not in (Any, object):
        raise UserError(f"{where}={value}: expected {readable(hint)}, got bool")
    try:
        accepted = adapter(hint).validate_python(value)
    except PydanticUserError:  # an annotation that cannot be checked
        return value
    except ValidationError as error:
        if get_origin(hint) is Literal:
            choices = [str(choice) for choice in kinds]
            raise UserError(
                f"{where}={value}: no such choice. {nearest(str(value), choices)}"
            ) from error
        if isinstance(value, dict):
            wrong = error.errors()[0]
            where = ".".join([where, *(str(k) for k in wrong["loc"] if k != "[key]")])
            raise UserError(f"{where}: {wrong['msg']}", where) from error
        raise UserError(
            f"{where}={value}: expected {readable(hint)}, got {type(value).__name__}"
        ) from error
    plain = (bool, int, float, str, tuple, list)
    return accepted if isinstance(accepted, plain) else value


def holds_bool(value: Any) -> bool:
    """Say whether a value is or contains a bool, which Python takes for 1 or 0."""
    if isinstance(value, list):
        return any(map(holds_bool, value))
    return isinstance(value, bool)


def readable(hint: Any) -> str:
    """Format an annotation for a message.

    >>> readable(int | None)
    'int or null'
    """
    if get_origin(hint) in (Union, types.UnionType):
        kinds = get_args(hint)
        # A number is enough: a tensor need not be offered.
        plain = [kind for kind in kinds if kind is not Tensor or float not in kinds]
        return " or ".join(map(readable, plain))
    if hint is Tensor:
        return "a list of numbers"
    if hint is type(None):
        return "null"
    if get_origin(hint) in (list, collections.abc.Sequence):
        return f"a list of {readable(get_args(hint)[0])}"
    if get_origin(hint) is tuple:
        return f"a list of {len(get_args(hint))} values"
    if get_origin(hint) is Literal:
        return " or ".join(map(str, get_args(hint)))
    return str(getattr(hint, "__name__", hint))


@functools.cache
def adapter(hint: Any) -> TypeAdapter[Any]:
    """Return a checker for an annotation; it checks modules and tensors by class."""
    return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))
