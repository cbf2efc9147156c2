"""How many runs fit side by side, estimated from each of them before it is begun."""

import sys
from collections import Counter

import torch
from hydra.utils import get_class
from torch import Tensor

from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.engine.process.memory import available
from litmlp.engine.run.prepare import Run
from litmlp.engine.vectorized.optimizers import RULES
from litmlp.engine.vectorized.stacked_module import Parts
from litmlp.supervised import Supervised

SHARE = 0.5
"""Of what is free now, for a group; the rest is for what its parts leave behind."""

COPIES = 5
"""Of the weights: themselves, gradients, the best epoch's, two while they change."""

OUTPUTS = 6
"""Copies of an epoch's outputs: kept, as probabilities, and while metrics are taken."""

STATISTICS = 2
"""Copies of what its preprocessing has measured: its own, and the best epoch's."""

NUMBERS = 4 * 8
"""Bytes of a training row's number: ordered, planned, noted, and looked up."""

FILES = 4
"""That a run holds open: its log, its curves, its table, its lock."""

SPARE_FILES = 128

WINDOWS_FILES = 8192
"""Of C's library there, which Python opens files with."""

BACKWARD = 2
"""Activations, and their gradients as they come."""

BOOKS = 2**20
"""Bytes of a run's Trainer, callbacks and loggers."""


class Room:
    """What memory and open files leave for runs that are to be trained at once.

    Args:
        first: of these runs; it is taken in any case.
        processes: that share what there is, this one among them.
        most: runs; None for as many as there is room for.
    """

    def __init__(self, first: Run, processes: int, most: int | None = None) -> None:
        self._here = torch.device("cpu")
        self._there = first.trainer.strategy.root_device
        self._left = {
            place: SHARE * available(place) / processes
            for place in (self._here, self._there)
        }
        self._more = most or (open_files() - SPARE_FILES) // FILES
        self._is_measured = most is None
        self._known: set[int] = set()
        self._put(first, self._needs(first))

    def take(self, run: Run) -> bool:
        """Take another run, unless there is no room for it."""
        needs = self._needs(run)
        short = any(needs[place] > left for place, left in self._left.items())
        if self._more < 1 or short:
            return False
        self._put(run, needs)
        return True

    def _put(self, run: Run, needs: Counter[torch.device]) -> None:
        self._more -= 1
        self._left = {place: left - needs[place] for place, left in self._left.items()}
        self._known |= {id(run.data.samples.inputs), id(run.data.rows)}

    def _needs(self, run: Run) -> Counter[torch.device]:
        """Bytes by where; what runs share of their data is held once.

        It takes a forward pass to know: nothing, if the number of runs is given.
        """
        if not self._is_measured:
            return Counter()
        needs = Counter({self._here: BOOKS})
        needs[self._there] += bytes_of_member(run)
        data, inputs = run.data, run.data.samples.inputs
        if id(data.rows) not in self._known:
            own = [
                *data.rows.values(),
                *data.split_targets.values(),
                *data.fitted_preprocessing.buffers(),
            ]
            needs[self._here] += sum(tensor.nbytes for tensor in own)
            needs[self._there] += sum(tensor.nbytes for tensor in own)
        if id(inputs) not in self._known:
            row = data.features["train"][:1]
            needs[self._there] += len(inputs) * row.nbytes  # preprocessed, if one split
            if self._there != self._here:
                needs[self._there] += inputs.nbytes
        return needs


def open_files() -> int:
    """How many files a process may hold open."""
    if sys.platform == "win32":
        return WINDOWS_FILES
    import resource  # Windows has no such module

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if files == resource.RLIM_INFINITY else files


def bytes_of_member(run: Run) -> int:
    """What a run adds to a stack: weights, optimizer, activations, an epoch's outputs.

    And what its preprocessing has measured, of which quantiles are many. The
    activations are those that a backward pass of this network keeps.
    """
    weights = sum(p.numel() * p.element_size() for p in run.model.parameters())
    features = run.data.features
    batch = features["train"][: run.data.train_batches.sizes[0]]
    activations, outputs = kept_of(run.model, batch)
    validated = min(EVALUATION_BATCH_SIZE, len(features.get("val", ())))
    rows = max(len(batch), validated) / len(batch)
    epoch = len(features["train"]) * (OUTPUTS * outputs / len(batch) + NUMBERS)
    state = len(RULES[get_class(run.config.optimizer._target_)].memory)
    statistics = STATISTICS * sum(b.nbytes for b in run.model.preprocessing.buffers())
    kept = weights * (COPIES + state) + statistics
    return int(kept + BACKWARD * activations * rows + epoch)


@torch.random.fork_rng(devices=[])
def kept_of(model: Supervised, features: Tensor) -> tuple[int, int]:
    """Bytes that a batch leaves for the backward pass, and bytes of its outputs."""
    parts = Parts(model)
    sizes = {p.untyped_storage().data_ptr(): 0 for p in parts.parameters()}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        sizes.setdefault(storage.data_ptr(), storage.nbytes())
        return tensor.detach()  # one that knows its function would never be freed

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        outputs = parts(features)
    return sum(sizes.values()), outputs.nbytes
