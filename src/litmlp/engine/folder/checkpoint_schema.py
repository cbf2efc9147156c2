"""Checks of a checkpoint's content, before anything is built or restored from it.

A checksum finds damage, but not a file that somebody wrote by hand: some values of it
would let torch or numpy write beyond their memory, or keep a reader busy for ever.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NotRequired

import torch
from pydantic import Field, InstanceOf, TypeAdapter, ValidationError
from torch import Tensor
from typing_extensions import TypedDict

Count = Annotated[int, Field(strict=True, ge=0)]
Number = Annotated[float, Field(strict=True)]
Seconds = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Tensors = dict[str, InstanceOf[Tensor]]

MOST_NESTED = 50
"""Dicts and lists within one another; a reader calls itself once per level."""

PLAIN = (str, bytes, int, float, complex, bool, type(None), set)
OF_TORCH = (torch.dtype, torch.device)


class Best(TypedDict):
    """The content of ``best.ckpt``."""

    state_dict: Tensors
    epoch: Count
    monitor: str
    value: Number
    facts: dict[str, Any]


class Counters(TypedDict):
    current: dict[str, Count]


FitLoop = TypedDict(
    "FitLoop", {"epoch_progress": Counters, "epoch_loop.batch_progress": Counters}
)


class Loops(TypedDict):
    fit_loop: FitLoop


class Elapsed(TypedDict):
    train: Seconds


class Timer(TypedDict):
    time_elapsed: Elapsed


class Callbacks(TypedDict):
    """States of the callbacks that are read before a run goes on."""

    BestAndLast: dict[str, Any]
    Timer: NotRequired[Timer]


class RandomStates(TypedDict):
    """States of generators; numpy reads at any position, even beyond its key."""

    python: tuple[Any, ...]
    numpy: tuple[
        Literal["MT19937"],
        Annotated[list[Count], Field(min_length=624, max_length=624)],
        Annotated[int, Field(strict=True, ge=0, le=624)],
        int,
        float,
    ]
    torch: InstanceOf[Tensor]


class Process(TypedDict):
    random: RandomStates


class Last(TypedDict):
    """The content of ``last.ckpt`` and ``previous.ckpt``."""

    epoch: Count
    global_step: Count
    seconds: Seconds
    state_dict: Tensors
    loops: Loops
    callbacks: Callbacks
    optimizer_states: list[dict[str, Any]]
    lr_schedulers: list[dict[str, Any]]
    logs: dict[str, dict[str, int]]
    epoch_state: dict[str, Any]
    metrics: Tensors
    processes: list[Process]


KINDS: dict[type, TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in (Best, Last)}


def check_content(content: Any, kind: type, size: int) -> None:
    """Refuse a content that no run has written.

    Args:
        content: as it was read.
        kind: ``Best`` or ``Last``.
        size: of the file, in bytes.

    Raises:
        ValueError: a value is missing, of another type, or too large for the file.
    """
    check_types(content, size)
    try:
        KINDS[kind].validate_python(content)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ValueError(
            f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
        ) from error


def check_types(content: Any, size: int) -> None:
    """Refuse values that are not plain, lie too deep or are too many for the file."""
    for number, (value, depth) in enumerate(values_of(content)):
        if number > size or depth > MOST_NESTED:
            raise ValueError("its lists are nested too deeply, or hold themselves")
        if isinstance(value, Tensor):
            if value.layout != torch.strided or value.is_meta or value.is_quantized:
                raise ValueError("a tensor in it is not dense")
            if value.nbytes > size:
                raise ValueError("a tensor in it is larger than the file")
        elif not isinstance(value, (*PLAIN, *OF_TORCH, dict, list, tuple)):
            raise ValueError(f"it holds a {type(value).__name__}")


def values_of(content: Any) -> Iterator[tuple[Any, int]]:
    """Yield every value of nested dicts, lists and tuples, and the depth of each."""
    waiting = [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        yield value, depth
        if isinstance(value, dict):
            waiting += [(part, depth + 1) for part in (*value, *value.values())]
        elif isinstance(value, (list, tuple)):
            waiting += [(part, depth + 1) for part in value]
