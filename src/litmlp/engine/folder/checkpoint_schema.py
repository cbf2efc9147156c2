"""What a checkpoint file must hold, before anything is made of it.

Its checksums tell of damage, not of who wrote it: numbers that are no counts would let
a run train without end, and a list that holds itself would never be read to its end.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NotRequired

import torch
from pydantic import AfterValidator, Field, InstanceOf, TypeAdapter, ValidationError
from torch import Tensor
from typing_extensions import TypeAliasType, TypedDict

from litmlp.data.samples import Column

Count = Annotated[int, Field(strict=True, ge=0)]
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True)]
Tensors = dict[str, InstanceOf[Tensor]]
Seconds = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
States = Annotated[list[dict[str, Any]], Field(min_length=1)]


def of_one_value(tensor: Tensor) -> Tensor:
    """
    Raises:
        ValueError: it has none, or several.
    """
    if tensor.numel() != 1:
        raise ValueError(f"it has {tensor.numel()} values, not one")
    return tensor


Counts = TypeAliasType("Counts", "dict[str, Count | bool | Counts]")

MOST_NESTED = 50
"""Dicts and lists within one another; who reads them next calls itself for each."""

PLAIN = (str, bytes, int, float, complex, bool, type(None), set)
TORCHS = (torch.dtype, torch.device)


class Facts(TypedDict):
    """What the data have told of themselves."""

    columns: list[Column]
    target_names: list[str]
    class_names: NotRequired[list[str]]
    num_outputs: Annotated[int, Field(strict=True, ge=1)]


class Best(TypedDict):
    """``best.ckpt``."""

    state_dict: Tensors
    epoch: Count
    monitor: str
    value: Number
    facts: Facts


class Kept(TypedDict):
    """What keeps the checkpoints; nothing is the best before the first epoch's end."""

    best: Best | Annotated[dict[str, Any], Field(max_length=0)]
    stopped_early: bool


class Elapsed(TypedDict):
    """By stage; Lightning reads this one."""

    train: Seconds


class Spent(TypedDict):
    """The time that is counted against a budget."""

    time_elapsed: Elapsed


class Patience(TypedDict):
    """Of early stopping."""

    wait_count: Count
    stopped_epoch: Count
    best_score: Annotated[InstanceOf[Tensor], AfterValidator(of_one_value)]
    patience: Count


class Speed(TypedDict):
    """How fast the training has been."""

    samples: Count
    seconds: Seconds
    samples_per_second: Seconds
    epoch: tuple[Count, Number]


Losses = TypedDict("Losses", {"loss/train": list[Number], "loss/val": list[Number]})


class Diagnosed(TypedDict):
    """What the doctor looks at when the training ends."""

    records: list[dict[str, Number]]
    losses: Losses
    activations: dict[str, str]
    note: list[str]


class Noted(TypedDict):
    """What a run says of a value that is not finite."""

    note: str


class Pruned(TypedDict):
    """Of a trial that was ended early."""

    pruned_epoch: Count | None


OF_CALLBACKS: dict[str, TypeAdapter[Any]] = {
    "Timer": TypeAdapter(Spent),
    "EarlyStopping": TypeAdapter(Patience),
    "Throughput": TypeAdapter(Speed),
    "Diagnosis": TypeAdapter(Diagnosed),
    "Divergence": TypeAdapter(Noted),
    "Pruning": TypeAdapter(Pruned),
}
"""What callbacks keep that decides how a run goes on or what its summary says."""


class Callbacks(TypedDict):
    """One of them is there always; the others are in OF_CALLBACKS."""

    BestAndLast: Kept


class Now(TypedDict):
    """Of ``total`` and ``current`` counts, the second."""

    current: dict[str, Count]


FitLoop = TypedDict(
    "FitLoop", {"epoch_progress": Now, "epoch_loop.batch_progress": Now}
)


class Loops(TypedDict):
    """Lightning's own."""

    fit_loop: FitLoop


class Random(TypedDict):
    """Numpy looks nowhere else whether its position lies within its key."""

    python: tuple[Any, ...]
    numpy: tuple[
        Literal["MT19937"],
        Annotated[list[Count], Field(min_length=624, max_length=624)],
        Annotated[int, Field(strict=True, ge=0, le=624)],
        Whole,
        Number,
    ]
    torch: InstanceOf[Tensor]


class EpochState(TypedDict):
    """The part of an epoch that is under way, of one process."""

    samples: Count
    pace: Tensors
    batches: list[InstanceOf[Tensor]]


class Process(TypedDict):
    """One of the processes that train together."""

    random: Random
    epoch_state: NotRequired[EpochState]


class Last(TypedDict):
    """``last.ckpt`` and ``previous.ckpt``."""

    epoch: Count
    global_step: Count
    state_dict: Tensors
    loops: Loops
    callbacks: Callbacks
    optimizer_states: States
    lr_schedulers: States
    seconds: Seconds
    logs: dict[str, dict[str, Whole]]
    epoch_state: EpochState
    metrics: Tensors
    processes: list[Process]


KINDS: dict[type, TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in (Best, Last)}
COUNTS: TypeAdapter[Any] = TypeAdapter(Counts)


def check(content: Any, kind: type, size: int) -> None:
    """
    Args:
        content: as it was read.
        kind: ``Best`` or ``Last``.
        size: of the file, in bytes.

    Raises:
        ValueError: it is not of that kind, or of no reasonable size or shape.
    """
    refuse_odd(content, size)
    try:
        KINDS[kind].validate_python(content)
        COUNTS.validate_python(content.get("loops", {}))
        for name, state in content.get("callbacks", {}).items():
            if known := OF_CALLBACKS.get(str(name).partition("{")[0]):
                known.validate_python(state)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ValueError(
            f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
        ) from error


def refuse_odd(content: Any, size: int) -> None:
    """
    Raises:
        ValueError: a value is not of a plain type, lies too deep, or is more than a
            file of that size can hold: one that is repeated, or part of itself.
    """
    for number, (value, depth) in enumerate(values_of(content)):
        if number > size or depth > MOST_NESTED:
            raise ValueError("its lists are nested too deeply, or hold themselves")
        if isinstance(value, Tensor):
            if value.layout != torch.strided or value.is_meta or value.is_quantized:
                raise ValueError("a tensor in it is not dense")
            if value.nbytes > size:
                raise ValueError("a tensor in it is larger than the file")
        elif not isinstance(value, (*PLAIN, *TORCHS, dict, list, tuple)):
            raise ValueError(f"it holds a {type(value).__name__}")


def values_of(content: Any) -> Iterator[tuple[Any, int]]:
    """All values of nested dicts, lists and tuples, and how deep each lies."""
    waiting = [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        yield value, depth
        if isinstance(value, dict):
            waiting += [(part, depth + 1) for part in (*value, *value.values())]
        elif isinstance(value, (list, tuple)):
            waiting += [(part, depth + 1) for part in value]
