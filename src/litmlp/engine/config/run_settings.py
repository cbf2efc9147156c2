"""Seeds and settings of a run, checked and handed to its process."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from omegaconf import DictConfig, ListConfig, OmegaConf

from litmlp.engine.process.process_settings import process_settings
from litmlp.engine.terminal.console import show
from litmlp.errors import UserError
from litmlp.value_checks import check_value


def seed_of(config: DictConfig, name: str) -> int:
    """Return a run's seed for ``initialization``, ``order`` or ``dropout``."""
    return whole_number(config, f"seeds.{name}", least=0)


@contextmanager
def run_settings(config: DictConfig) -> Iterator[None]:
    """Give the process the seed, threads and floating-point type of a run."""
    seed = whole_number(config, "seed", least=0)  # first: the others refer to it
    if not isinstance(config.seeds, DictConfig):
        raise UserError(
            f"seeds={config.seeds}: seed=… sets the seed of a run, -m sweep.seeds=… "
            "the number of seeds of a sweep"
        )
    for name in config.seeds:
        seed_of(config, str(name))
    with process_settings(
        seed=seed,
        num_threads=whole_number(config, "num_threads", least=1),
        in_double_precision=str(config.trainer.precision).startswith("64"),
    ):
        yield


def use_available_device(config: DictConfig) -> None:
    """Let a run of a GPU that this machine lacks go on on the CPU, and say so.

    Args:
        config: as a run has saved it.
    """
    trainer = config.trainer
    available = {
        "gpu": torch.accelerator.is_available(),
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if available.get(trainer.accelerator, True):
        return
    show(
        f"this machine lacks trainer.accelerator={trainer.accelerator} of the run: "
        "the CPU is used, on which the last digits may differ"
    )
    trainer.accelerator = "cpu"
    if isinstance(trainer.devices, ListConfig):
        trainer.devices = len(trainer.devices)  # indices of GPUs


def whole_number(config: DictConfig, key: str, *, least: int) -> int:
    """Return an integer of a config; ``1e3`` is 1000."""
    number: int = check_value(OmegaConf.select(config, key), int, key)
    if number < least:
        raise UserError(f"{key}={number}: must be {least} or more")
    return number
