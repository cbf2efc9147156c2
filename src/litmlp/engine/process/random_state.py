"""States of all generators of random numbers that a run may draw from."""

import random
from typing import Any, cast

import numpy as np
import torch

States = dict[str, Any]
"""States by library, in types that a checkpoint can hold."""


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
    """Give the generators of this process earlier states."""
    random.setstate(states["python"])
    np.random.set_state(tuple(states["numpy"]))
    torch.set_rng_state(states["torch"])
    if "cuda" in states:
        torch.cuda.set_rng_state_all(states["cuda"])
