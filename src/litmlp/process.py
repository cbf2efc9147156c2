"""Settings of the whole process that belong to one run and end with it."""

import logging
import random
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf

from litmlp.construct import checked_value
from litmlp.errors import UserError

QUIET = (
    "does not have many workers",  # rows are in memory: workers would slow it down
    "across ranks is zero",  # a run without validation rows says so itself
    "No positive samples in targets",  # a small split may lack a class
    "No negative samples in targets",  # or have nothing else
    "Are you sure you didn't mean 'interval': 'step'?",  # either way fits the budget
    "your dataloader is not resumable",  # its sampler is: litmlp.data.batches
    "`isinstance(treespec, LeafSpec)` is deprecated",  # Lightning's own affair
)


@contextmanager
def settings(config: DictConfig) -> Iterator[None]:
    """Threads, floating-point type and random numbers of a run; restored afterwards."""
    for key in ("seed", *(f"seeds.{name}" for name in config.seeds), "num_threads"):
        value = checked_value(OmegaConf.select(config, key), int, key)
        least = 1 if key == "num_threads" else 0
        if value < least:
            raise UserError(f"{key}={value}: must be {least} or more")
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    talkers = [logging.getLogger(f"lightning.{part}") for part in ("pytorch", "fabric")]
    levels = [talker.level for talker in talkers]
    torch.set_num_threads(config.num_threads)
    exact = str(config.trainer.precision).startswith("64")
    torch.set_default_dtype(torch.float64 if exact else torch.float32)
    random.seed(config.seed)
    np.random.seed(config.seed % 2**32)
    torch.manual_seed(config.seed)
    for talker in talkers:
        talker.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for message in QUIET:
                warnings.filterwarnings("ignore", message=f".*{re.escape(message)}")
            yield
    finally:
        for talker, level in zip(talkers, levels, strict=True):
            talker.setLevel(level)
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
