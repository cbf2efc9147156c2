"""Checks that runs can be trained as one: shared keys, supported options, a trial."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from hydra.utils import get_class
from lightning.pytorch import Callback
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from litmlp.callbacks.averaging import Averaging
from litmlp.callbacks.checkpoint import BestAndLast
from litmlp.callbacks.divergence import Divergence
from litmlp.callbacks.layer_snapshots import Snapshots
from litmlp.callbacks.learning_rate_range import LearningRateRange
from litmlp.callbacks.progress import Progress
from litmlp.callbacks.throughput import Throughput
from litmlp.data.images import ImageData
from litmlp.engine.folder.checkpoints import Resumable
from litmlp.engine.run.prepare import Run
from litmlp.engine.vectorized.dropout_masks import Mask
from litmlp.engine.vectorized.optimizers import RULES
from litmlp.engine.vectorized.stack import STACKED, Stack
from litmlp.engine.vectorized.stacked_loss import StackedLoss
from litmlp.engine.vectorized.vmapped_network import StackedModule, stacked_network
from litmlp.ensemble import Ensemble

SHARED = (
    *("model", "encoding", "task", "optimizer", "averaging", "trainer"),
    "data.batch_size",
)
"""Parts of a config that runs of a group have in common, but for keys in ``FREE``."""

FREE = re.compile(
    r"initializer|dropout(\.\d+)?\.p$|^trainer\.max_epochs$"
    r"|^averaging\.(decay|first_epoch)$"
)

SUPPORTED = {
    "devices": (1,),
    "precision": ("32-true", "64-true"),
    "max_steps": (-1,),
    "max_time": (None,),
    "accumulate_grad_batches": (1,),
    "detect_anomaly": (False,),
    "fast_dev_run": (False,),
    "strategy": ("auto",),
}
"""Values of a Trainer's arguments that a group supports."""

ANY_VALUE = (
    *("_target_", "accelerator", "max_epochs"),
    *("gradient_clip_val", "gradient_clip_algorithm"),
)
"""Other arguments of a Trainer that a group supports, whatever their value."""

BATCH_HOOKS = (
    *("on_train_batch_start", "on_train_batch_end", "on_validation_batch_end"),
    *("on_before_backward", "on_after_backward"),
    *("on_before_optimizer_step", "on_before_zero_grad"),
)
KNOWN_CALLBACKS = (
    *(Averaging, BestAndLast, Divergence, Progress, Snapshots, Throughput),
)
"""Callbacks whose batch hooks a group calls, or does without."""


def shared_keys(config: DictConfig) -> dict[str, Any]:
    """Return what the runs of a group have in common, by dotted key."""
    found: dict[str, Any] = {}
    for part in SHARED:
        found |= dict(flat(OmegaConf.select(config, part), part))
    return {
        key: value
        for key, value in found.items()
        if not FREE.search(key)
        and not (key.startswith("optimizer.") and type(value) in (int, float))
    }


def flat(node: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Yield the values of nested configs by dotted key; an open value is "unknown"."""
    if not isinstance(node, DictConfig | ListConfig):
        yield key, node
        return
    names = range(len(node)) if isinstance(node, ListConfig) else list(node)
    for name in names:
        try:
            yield from flat(node[name], f"{key}.{name}")
        except OmegaConfBaseException:
            yield f"{key}.{name}", "unknown"


def differing_keys(each: Sequence[dict[str, Any]]) -> list[str]:
    """Return the keys in which :func:`shared_keys` differ."""
    keys = dict.fromkeys(key for own in each for key in own)
    return [key for key in keys if len({str(own.get(key)) for own in each}) > 1]


def refusal(run: Run, point: Resumable | None = None) -> str | None:
    """Return what of a run, or of its resume point, cannot be stacked, if anything."""
    if point and point.is_within_epoch:
        return "a run that broke off within an epoch"
    for key, value in run.config.trainer.items():
        allowed = SUPPORTED.get(str(key))
        unknown = allowed is None and key not in ANY_VALUE
        if unknown or (allowed is not None and value not in allowed):
            return f"trainer.{key}={value}"
    if run.trainer.strategy.root_device.type == "mps":  # it lacks double precision
        return "trainer.accelerator=mps"
    if isinstance(run.model.network, Ensemble):
        return "an ensemble"
    if isinstance(run.data, ImageData) and run.data.augments:
        return "data.flip or data.shift"
    if run.data.samples.weights is not None:
        return "data.weight"
    if (optimizer := get_class(run.config.optimizer._target_)) not in RULES:
        return f"optimizer={optimizer.__name__}"
    for callback in run.trainer.callbacks:  # type: ignore[attr-defined]  # set by Lightning, not declared
        tries = isinstance(callback, LearningRateRange)  # batches before the first one
        unknown = not isinstance(callback, KNOWN_CALLBACKS)
        kind = type(callback)
        hooks = any(getattr(kind, h) is not getattr(Callback, h) for h in BATCH_HOOKS)
        if tries or (unknown and hooks):
            return f"callbacks: {kind.__name__} looks at every batch"
    named = list(run.model.named_parameters())
    if any(n.split(".")[0] not in STACKED or not p.requires_grad for n, p in named):
        return "model: weights that are not trained"
    return None if named else "model: it has no weights"


def shape(run: Run) -> str:
    """Return a key that is the same for runs whose networks can be stacked."""
    state = run.model.state_dict()
    shapes = {n: tuple(t.shape) for n, t in state.items() if n.split(".")[0] in STACKED}
    targets, fitted = run.data.samples.targets, run.data.fitted_preprocessing
    # A row of one-hot columns may be as long as a row of other columns.
    columns = fitted.num_numbers, fitted.cardinalities
    batches = run.data.train_batches.sizes
    return str((shapes, targets.shape[1:], targets.dtype, columns, batches))


@torch.random.fork_rng(devices=[])
def try_in_stack(run: Run) -> None:
    """Compute the loss of a run's first batch in a stack; the run stays as it is.

    The error is that of a group, of a network that branches on values or the like.
    """
    model, data = run.model, run.data
    batch = slice(data.train_batches.sizes[0])
    stack = Stack([model], model.device)
    network = stacked_network(model)
    features = data.split_features["train"][batch][None]
    # All parts of a plain MLP are known, and its dropout would need masks.
    masks: list[Mask] | None = [] if isinstance(network, StackedModule) else None
    outputs = network(stack.leaves | stack.buffers, features, masks)
    targets = data.split_targets["train"][batch][None]
    StackedLoss([model])(outputs, targets, stack.leaves)
