"""How many runs fit side by side, estimated from each run before it begins."""

import sys

import torch
from hydra.utils import get_class
from torch import Tensor

from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.engine.diagnosis.layer_outputs import record_calls, smallest_modules
from litmlp.engine.process.available_memory import available
from litmlp.engine.run.prepare import Run
from litmlp.engine.vectorized.optimizers import RULES
from litmlp.supervised import Supervised

FRACTION = 0.5
"""Fraction of the free memory that a group may take; allocators waste the rest."""

WEIGHT_COPIES = 5
"""Weights, gradients, the best epoch's weights, and two copies during a step."""

OUTPUT_COPIES = 6
"""An epoch's outputs: kept, as probabilities, and while metrics are computed."""

INDEX_BYTES = 4 * 8
"""Bytes per training row for its index: ordered, planned, noted and looked up."""

FILES = 4
"""Open files per run: its log, its event file, its table, its lock."""

SPARE_FILES = 128
WINDOWS_FILES = 8192

RUN_BYTES = 2**20
"""Bytes of a run's Trainer, callbacks and loggers."""


class Capacity:
    """Counts the runs that memory and open files allow to be trained at once.

    Args:
        first: the first of these runs; it is always taken.
        processes: the number of processes that share the machine.
        most: runs; None for as many as there is room for.
    """

    def __init__(self, first: Run, processes: int, most: int | None = None) -> None:
        devices = {torch.device("cpu"), first.trainer.strategy.root_device}
        free = min(map(available, devices))
        self._free = sys.maxsize if most else FRACTION * free / processes
        self._runs = most or (open_files() - SPARE_FILES) // FILES
        self._tables: set[int] = set()
        self._splits: set[int] = set()
        self._add(first)

    def take(self, run: Run) -> bool:
        """Take another run; return False if there is no room for it."""
        if self._runs < 1 or self._bytes(run) > self._free:
            return False
        self._add(run)
        return True

    def _add(self, run: Run) -> None:
        self._runs -= 1
        self._free -= self._bytes(run)
        self._tables.add(id(run.data.samples))
        self._splits.add(id(run.data.rows))

    def _bytes(self, run: Run) -> int:
        if self._free == sys.maxsize:  # the number of runs was given
            return 0
        data, needed = run.data, RUN_BYTES + bytes_of_run(run)
        features = sum(rows.nbytes for rows in data.split_features.values())
        if id(data.samples) not in self._tables:
            needed += data.samples.inputs.nbytes
        if id(data.rows) not in self._splits:
            needed += 2 * features  # of each run's data, and of the group
        return needed


def open_files() -> int:
    """Return how many files a process may hold open."""
    if sys.platform == "win32":
        return WINDOWS_FILES
    import resource  # Windows has no such module

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if files == resource.RLIM_INFINITY else files


def bytes_of_run(run: Run) -> int:
    """Estimate the bytes of weights, optimizer, activations and an epoch's outputs.

    The activations are the outputs of all modules.
    """
    weights = sum(p.nbytes for p in run.model.parameters())
    features = run.data.split_features
    batch = features["train"][: run.data.train_batches.sizes[0]]
    activations, outputs = bytes_of_batch(run.model, batch)
    validated = min(EVALUATION_BATCH_SIZE, len(features.get("val", ())))
    largest = max(len(batch), validated) / len(batch)
    epoch = len(features["train"]) * (
        OUTPUT_COPIES * outputs / len(batch) + INDEX_BYTES
    )
    state = len(RULES[get_class(run.config.optimizer._target_)].memory)
    state += bool(run.config.get("averaging"))
    statistics = 2 * sum(b.nbytes for b in run.model.preprocessing.buffers())
    kept = weights * (WEIGHT_COPIES + state) + statistics
    return int(kept + 2 * activations * largest + epoch)  # 2: with their gradients


def bytes_of_batch(model: Supervised, features: Tensor) -> tuple[int, int]:
    """Return the bytes that rows [B, F] leave for a backward pass, and of outputs."""
    with record_calls(model, smallest_modules(model)) as calls, torch.inference_mode():
        outputs = model(features)
    kept = {id(c.outputs): c.outputs.nbytes for c in calls}  # an Identity adds nothing
    return sum(kept.values()), outputs.nbytes
