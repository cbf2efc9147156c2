"""Settings of the process that last as long as one run."""

import logging
import os
import random
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

QUIET = (
    "does not have many workers",  # rows are in memory: workers would slow it down
    "across ranks is zero",  # a run reports its lack of validation rows
    "No positive samples in targets",  # a small split may lack a class
    "No negative samples in targets",  # or have no other
    "Are you sure you didn't mean 'interval': 'step'?",  # both fit the budget
    "Detected call of `lr_scheduler.step()` before",  # a stack has updated the weights
    "AMP with fp16 is not supported on CPU",  # a run says in what it trains
    "your dataloader is not resumable",  # its sampler is: litmlp.data.batches
    "The `srun` command is available",  # a run may start without it
    "`isinstance(treespec, LeafSpec)` is deprecated",  # in Lightning's own code
)


def set_environment(variables: dict[str, str]) -> None:
    """Replace the environment's variables, without emptying it in between."""
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)


def set_levels(levels: dict[logging.Logger, int]) -> None:
    """Set the levels of loggers."""
    for logger, level in levels.items():
        if logger.level != level:  # setting one clears a cache of all loggers
            logger.setLevel(level)


def seed_torch(seed: int) -> None:
    """Do what ``torch.manual_seed`` does, in less time on a machine without a GPU."""
    if torch.accelerator.is_available():
        torch.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)


LIGHTNING = [logging.getLogger(f"lightning.{part}") for part in ("pytorch", "fabric")]

cudnn = torch.backends.cudnn

KEPT: list[tuple[Callable[[], Any], Callable[[Any], Any]]] = [
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    (lambda: cudnn.benchmark, lambda value: setattr(cudnn, "benchmark", value)),
    (random.getstate, random.setstate),
    (np.random.get_state, np.random.set_state),
    (torch.get_rng_state, torch.set_rng_state),
    (os.getcwd, os.chdir),
    (lambda: dict(os.environ), set_environment),
    (lambda: {logger: logger.level for logger in LIGHTNING}, set_levels),
]
"""How to read and restore each setting that a run may change."""


@contextmanager
def process_settings(
    *, seed: int, num_threads: int, in_double_precision: bool
) -> Iterator[None]:
    """Set seed, threads and floating-point type until the block ends.

    All settings are then restored, with those that a Trainer never resets: torch's
    flags and variables of the environment.
    """
    before = [read() for read, _ in KEPT]
    torch.set_num_threads(num_threads)
    torch.set_default_dtype(torch.float64 if in_double_precision else torch.float32)
    random.seed(seed)
    np.random.seed(seed % 2**32)
    seed_torch(seed)
    set_levels(dict.fromkeys(LIGHTNING, logging.WARNING))
    try:
        with warnings.catch_warnings():
            for message in QUIET:
                warnings.filterwarnings("ignore", message=f".*{re.escape(message)}")
            yield
    finally:
        for (_, restore), value in zip(KEPT, before, strict=True):
            restore(value)
