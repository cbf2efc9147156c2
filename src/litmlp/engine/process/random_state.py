"""States of the processes of a training: random numbers, batches of the epoch."""

import random
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from lightning.pytorch import Trainer

from litmlp.errors import UserError
from litmlp.supervised import Supervised

States = dict[str, Any]
"""States by library, in types that a checkpoint can hold."""

NUMPY_KEY = 624
"""Numbers in the key of numpy's generator, which reads at any position, even beyond."""


def states() -> States:
    """Return the states of the generators of this process."""
    kind, key, *rest = cast(tuple[Any, ...], np.random.get_state())
    found: States = {
        "python": random.getstate(),
        "numpy": [kind, key.tolist(), *rest],
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # torch's own lack
        found["cuda"] = torch.cuda.get_rng_state_all()
    return found


def restore(states: States) -> None:
    """Give the generators of this process earlier states.

    Raises:
        UserError: the position in numpy's key is beyond its end.
    """
    _, key, position, *_ = states["numpy"]
    if len(key) != NUMPY_KEY or not 0 <= position <= NUMPY_KEY:
        raise UserError("the checkpoint has a broken state of numpy's random numbers")
    random.setstate(states["python"])
    np.random.set_state(tuple(states["numpy"]))
    torch.set_rng_state(states["torch"])
    if "cuda" in states and torch.cuda.is_available():  # else it goes on on the CPU
        torch.cuda.set_rng_state_all(states["cuda"][: torch.cuda.device_count()])


def gather(trainer: Trainer, model: Supervised) -> list[dict[str, Any]]:
    """Return one entry per process: random numbers and, if several, its batches."""
    own: dict[str, Any] = {"random": states()}
    processes = [own] * trainer.world_size
    if trainer.world_size > 1:
        own["epoch_state"] = model.epoch_state.state_dict()
        torch.distributed.all_gather_object(processes, own)
    return processes


def restore_own(
    processes: Sequence[Mapping[str, Any]], trainer: Trainer, model: Supervised
) -> None:
    """Restore what :func:`gather` returned for this process.

    Raises:
        UserError: another number of processes saved the checkpoint.
    """
    if len(processes) != trainer.world_size:
        raise UserError(
            f"the checkpoint is of {len(processes)} process(es), this machine gives "
            f"{trainer.world_size}: a run goes on with as many devices as before"
        )
    own = processes[trainer.global_rank]
    if "epoch_state" in own:
        model.epoch_state.load_state_dict(own["epoch_state"])
    restore(own["random"])
