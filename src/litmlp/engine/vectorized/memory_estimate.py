"""How many runs fit side by side, estimated from each run before it begins."""

import sys

import torch
from hydra.utils import get_class

from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.engine.diagnosis.layer_outputs import record_calls, smallest_modules
from litmlp.engine.process.available_memory import available
from litmlp.engine.run.prepare import Run
from litmlp.engine.vectorized.optimizers import RULES

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
    """Counts the runs that memory and open files allow to be trained at once."""

    def __init__(self, processes: int, most: int | None = None) -> None:
        self._processes, self._is_given = processes, most is not None
        self._runs = most or (open_files() - SPARE_FILES) // FILES
        self._free = 0.0
        self._held: set[int] = set()

    def take(self, run: Run) -> bool:
        """Take a run; return False if there is no room for it beside others."""
        data = run.data
        features = sum(rows.nbytes for rows in data.split_features.values())
        rows = {
            id(data.samples): data.samples.inputs.nbytes,
            id(data.rows): 2 * features,  # of each run's data, and of the group
        }
        own = sum(size for key, size in rows.items() if key not in self._held)
        needed = RUN_BYTES + bytes_of_run(run) + own
        if not self._held:
            devices = {torch.device("cpu"), run.trainer.strategy.root_device}
            free = min(map(available, devices))
            self._free = FRACTION * free / self._processes
        elif self._runs < 1 or (needed > self._free and not self._is_given):
            return False
        self._runs -= 1
        self._free -= needed
        self._held |= rows.keys()
        return True


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
    model, features = run.model, run.data.split_features
    batch = features["train"][: run.data.train_batches.sizes[0]]
    with record_calls(model, smallest_modules(model)) as calls, torch.inference_mode():
        outputs = model(batch).nbytes / len(batch)
    each = {id(c.outputs): c.outputs.nbytes for c in calls}  # an Identity adds nothing
    activations = 2 * sum(each.values()) / len(batch)  # with their gradients
    validated = min(EVALUATION_BATCH_SIZE, len(features.get("val", ())))
    epoch = len(features["train"]) * (OUTPUT_COPIES * outputs + INDEX_BYTES)
    state = len(RULES[get_class(run.config.optimizer._target_)].memory)
    copies = WEIGHT_COPIES + state + bool(run.config.get("averaging"))
    weights = copies * sum(p.nbytes for p in model.parameters())
    statistics = 2 * sum(b.nbytes for b in model.preprocessing.buffers())
    return int(weights + statistics + activations * max(len(batch), validated) + epoch)
