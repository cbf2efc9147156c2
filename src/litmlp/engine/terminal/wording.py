"""Numbers, lists of layers and commands in words."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def spoken(layers: Iterable[str]) -> str:
    """Return layers in words.

    >>> spoken(["layer_1", "layer_2", "layer_3", "layer_5"])
    'layers 1, 2, 3, 5'
    >>> spoken(["layer_2", "layer_3", "layer_4"])
    'layers 2–4'
    """
    numbers = [int(layer.removeprefix("layer_")) for layer in layers]
    text = ", ".join(map(str, numbers))
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        text = f"{numbers[0]}–{numbers[-1]}"
    return f"layer{'s' * (len(numbers) > 1)} {text}"


def percent(fraction: float) -> str:
    """Return a fraction in percent.

    >>> percent(0.623)
    '62 %'
    """
    return f"{100 * fraction:.0f} %"


def number(value: float | None) -> str:
    """Return four decimals, fewer for large numbers, and an empty text for None.

    >>> number(0.97142), number(54321.5), number(0.00001234)
    ('0.9714', '54321.5', '1.23e-05')
    """
    if value is None:
        return ""
    size = abs(value)
    if 0 < size < 0.001:
        return f"{value:.3g}"
    return f"{value:.{4 if size < 10 else 2 if size < 1000 else 1}f}"


def text_of(value: Any) -> str:
    """Return a value as a user types it in an override; a text stands as it is.

    >>> text_of([64, 0.5, None, True]), text_of({"lr": 0.1})
    ('[64,0.5,null,true]', '{lr:0.1}')
    """
    if isinstance(value, list | tuple):
        return f"[{','.join(map(text_of, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{k}:{text_of(v)}' for k, v in value.items())}}}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def command_words(name: str) -> list[str]:
    """Return the start of another call of litmlp, in the form of this process's call.

    The form is ``litmlp train``, ``python -m litmlp train`` or ``python
    scripts/train.py``.
    """
    called = Path(sys.argv[0])
    if called.parent.name == "litmlp" and called.name == "__main__.py":
        return ["python", "-m", "litmlp", name]
    if called.parent.name == "scripts" and called.suffix == ".py":
        return ["python", str(called.with_stem(name))]
    return ["litmlp", name]
