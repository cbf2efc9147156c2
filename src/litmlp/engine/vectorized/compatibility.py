"""Which runs can be trained as one: what they must share, what keeps them apart."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from hydra.utils import get_class
from lightning.pytorch import Callback
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from litmlp.callbacks.checkpoint import BestAndLast
from litmlp.callbacks.divergence import Divergence
from litmlp.callbacks.progress import Progress
from litmlp.callbacks.snapshots import Snapshots
from litmlp.callbacks.throughput import Throughput
from litmlp.engine.folder.checkpoints import Resumable
from litmlp.engine.run.prepare import Run
from litmlp.engine.vectorized.optimizers import RULES
from litmlp.engine.vectorized.stack import STACKED

SHARED = ("model", "encoding", "task", "optimizer", "trainer", "data.batch_size")
"""Parts of a config that members have in common, but for what is ``FREE`` in them."""

FREE = re.compile(r"initializer|dropout(\.\d+)?\.p$|^trainer\.max_epochs$")

SUPPORTED = {
    "devices": (1, "1"),
    "num_nodes": (1,),
    "precision": ("32-true", "64-true", 32, 64, "32", "64"),
    "max_steps": (-1,),
    "max_time": (None,),
    "min_epochs": (None,),
    "accumulate_grad_batches": (1,),
    "detect_anomaly": (False,),
    "strategy": ("auto",),
}
"""Values of a Trainer's arguments that a group can follow."""

FOLLOWED = (
    *("_target_", "accelerator", "max_epochs"),
    *("gradient_clip_val", "gradient_clip_algorithm"),
)
"""Its other arguments that a group can follow, whatever their value."""

MOST_KEYS = 4
"""Of a group of the config, that are told one by one."""

BATCH_HOOKS = (
    "on_train_batch_start",
    "on_train_batch_end",
    "on_before_backward",
    "on_after_backward",
    "on_before_optimizer_step",
    "on_before_zero_grad",
    "on_validation_batch_end",
)
KNOWN_CALLBACKS = (BestAndLast, Divergence, Progress, Snapshots, Throughput)
"""Callbacks whose batch hooks are seen to."""


def shared_keys(config: DictConfig) -> dict[str, Any]:
    """What members have in common, by dotted key."""
    found: dict[str, Any] = {}
    for part in SHARED:
        found |= dict(flat(OmegaConf.select(config, part), part))
    return {
        key: value
        for key, value in found.items()
        if not FREE.search(key) and not is_number_of_optimizer(key, value)
    }


def is_number_of_optimizer(key: str, value: Any) -> bool:
    """Whether it is a learning rate, a momentum or the like, which may differ."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return key.startswith("optimizer.") and number


def flat(node: Any, key: str) -> Iterator[tuple[str, Any]]:
    """The values of nested configs by dotted key; what is not known yet, unresolved."""
    if not isinstance(node, DictConfig | ListConfig):
        yield key, node
        return
    names = range(len(node)) if isinstance(node, ListConfig) else list(node)
    for name in names:
        try:
            yield from flat(node[name], f"{key}.{name}")
        except OmegaConfBaseException:
            yield f"{key}.{name}", "unknown"


def sorted_apart(each: Sequence[dict[str, Any]]) -> list[list[int]]:
    """The numbers of those whose :func:`shared_keys` are the same."""
    found: dict[str, list[int]] = defaultdict(list)
    for number, shared in enumerate(each):
        found[str(sorted(shared.items()))].append(number)
    return list(found.values())


def keys_apart(each: Sequence[dict[str, Any]]) -> list[str]:
    """Keys in which :func:`shared_keys` differ; of a group's many the group's name."""
    keys = dict.fromkeys(key for own in each for key in own)
    apart = [key for key in keys if len({str(own.get(key)) for own in each}) > 1]
    counts = Counter(key.partition(".")[0] for key in apart)
    many = {group for group, count in counts.items() if count > MOST_KEYS}
    found = [
        key.partition(".")[0] if key.partition(".")[0] in many else key for key in apart
    ]
    return list(dict.fromkeys(found))


def refusal(run: Run, point: Resumable | None = None) -> str | None:
    """Why a run cannot be stacked, if it cannot: the key of the config that says so.

    Args:
        point: what it goes on from; None for a fresh start.
    """
    if point and point.is_within_epoch:
        return "a run that broke off within an epoch cannot be stacked"
    if key := unsupported(run):
        return f"{key} cannot be stacked"
    return None


def unsupported(run: Run) -> str | None:
    """What of a run a group cannot follow."""
    for key, value in run.config.trainer.items():
        allowed = SUPPORTED.get(str(key))
        unknown = allowed is None and key not in FOLLOWED
        if unknown or (allowed is not None and value not in allowed):
            return f"trainer.{key}={value}"
    if run.trainer.strategy.root_device.type == "mps":  # it lacks double precision
        return "trainer.accelerator=mps"
    if get_class(run.config.optimizer._target_) not in RULES:
        return f"optimizer={run.config.optimizer._target_.rpartition('.')[2]}"
    for callback in run.trainer.callbacks:  # type: ignore[attr-defined]  # set by Lightning, not declared
        if not isinstance(callback, KNOWN_CALLBACKS) and looks_at_batches(callback):
            return f"callbacks: {type(callback).__name__} looks at every batch"
    named = list(run.model.named_parameters())
    if any(
        name.split(".")[0] not in STACKED or not p.requires_grad for name, p in named
    ):
        return "model: weights that are not trained"
    return None if named else "model: it has no weights"


def looks_at_batches(callback: Callback) -> bool:
    """Whether a callback does something in each batch."""
    kind = type(callback)
    return any(
        getattr(kind, hook) is not getattr(Callback, hook) for hook in BATCH_HOOKS
    )


def shape(run: Run) -> str:
    """What two networks share if they can be stacked."""
    state = run.model.state_dict()
    shapes = {n: tuple(t.shape) for n, t in state.items() if n.split(".")[0] in STACKED}
    targets, made = run.data.samples.targets, run.data.fitted_preprocessing
    # One row of one-hot columns may be as long as another of other columns.
    columns = made.num_numbers, made.cardinalities
    return str((shapes, targets.shape[1:], targets.dtype, columns))
