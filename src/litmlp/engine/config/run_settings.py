"""Seeds and settings of a run, checked and handed to its process."""

from collections.abc import Iterator
from contextlib import contextmanager

from omegaconf import DictConfig, OmegaConf

from litmlp.argument_checks import check_value
from litmlp.engine.process.process_settings import process_settings
from litmlp.errors import UserError


def seed_of(config: DictConfig, name: str) -> int:
    """Return a run's seed for ``initialization``, ``order`` or ``dropout``."""
    return whole_number(config, f"seeds.{name}", least=0)


@contextmanager
def run_settings(config: DictConfig) -> Iterator[None]:
    """Give the process the seed, threads and floating-point type of a run.

    Raises:
        UserError: a seed or a number of threads that cannot be.
    """
    seed = whole_number(config, "seed", least=0)  # first: the others refer to it
    for name in config.seeds:
        seed_of(config, str(name))
    with process_settings(
        seed=seed,
        num_threads=whole_number(config, "num_threads", least=1),
        in_double_precision=str(config.trainer.precision).startswith("64"),
    ):
        yield


def whole_number(config: DictConfig, key: str, *, least: int) -> int:
    """Return an integer of a config; ``1e3`` is 1000.

    Raises:
        UserError: the value is no integer, or smaller than ``least``.
    """
    number: int = check_value(OmegaConf.select(config, key), int, key)
    if number < least:
        raise UserError(f"{key}={number}: must be {least} or more")
    return number
