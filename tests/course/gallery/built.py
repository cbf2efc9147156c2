"""Options built once for all tests of the gallery: composing a config takes time."""

import functools
from typing import Any

from litmlp.course.gallery.options import Option


@functools.cache
def parts(group: str, name: str, *values: str) -> tuple[Any, ...]:
    return Option(group, name, values).build()
