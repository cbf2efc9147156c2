"""Runs and sweeps that Python code starts, as the command line does."""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from litmlp.engine.folder.run_folder import Summary, read_summary
from litmlp.engine.hydra_call import Task, call_hydra, guarded, hydra_launch
from litmlp.engine.python_api.overrides import override
from litmlp.engine.report.runs_table import read_runs
from litmlp.engine.run import train as training
from litmlp.engine.sweep.hooks import conclude_sweep
from litmlp.engine.sweep.launch_state import Launch, LaunchRefused, SweepStopped
from litmlp.engine.terminal.mistakes import as_mistake
from litmlp.engine.terminal.wording import text_of
from litmlp.errors import UserError


class TrainedRun(NamedTuple):
    """A run that has ended, and what its summary holds."""

    folder: Path
    summary: Summary


def train(overrides: Sequence[str] = ()) -> TrainedRun:
    """Train one run with the overrides of a command line: ``["data=wine", "seed=1"]``.

    Raises:
        UserError: a mistake in the overrides, the config or the data.
    """
    return launch_run(overrides, training.train)


def sweep(
    base: Sequence[str],
    values: Mapping[str, Sequence[Any]],
    *,
    launcher: str | None = None,
) -> pl.DataFrame:
    """Train each combination of values; return one row per run.

    Args:
        base: overrides of all runs, such as ``["data=wine"]``.
        values: of keys or groups that vary: ``{"optimizer.lr": [1e-3, 1e-2]}``.
        launcher: an option of ``hydra/launcher``, such as ``vectorized``.

    Returns:
        The table of polars that ``report`` writes as ``runs.csv``: folder, status and
        metrics of each run. A run that failed has a row with its error.

    Raises:
        UserError: a mistake in the overrides, or no run has started.
    """
    axes = [f"{key}={','.join(map(text_of, each))}" for key, each in values.items()]
    chosen = [] if launcher is None else [override("hydra/launcher", launcher)]
    task = guarded(training.train, False, [])
    launch = call([*base, *axes, *chosen], task, "-m")
    if not launch.planned:
        raise UserError("the sweep has started no run")
    return read_runs([*launch.planned]).table


def launch_run(overrides: Sequence[str], task: Task) -> TrainedRun:
    """Train one run by a function of its config."""
    folders: list[Path] = []
    errors: list[Exception] = []

    def keep_result(config: DictConfig) -> float | None:
        folders.append(Path(config.folder).absolute())
        try:
            return task(config)
        except Exception as error:  # Hydra would print a line before it raises it
            errors.append(error)
            return None

    # An experiment may be a sweep, and this is one of its runs.
    call([*overrides, "hydra.mode=RUN"], keep_result)
    if errors:
        raise as_mistake(errors[0])
    return TrainedRun(folders[0], read_summary(folders[0]))


def call(overrides: Sequence[str], task: Task, *flags: str) -> Launch:
    """Call Hydra with overrides; return what it has launched."""
    for text in overrides:
        if text.startswith("-"):
            raise UserError(f"{text}: overrides are key=value, such as data=wine")
    with command([*flags, *overrides]), hydra_launch() as launch:
        try:
            call_hydra(task, "train")
        except LaunchRefused as refused:
            raise refused.mistake from None
        except SweepStopped:
            conclude_sweep(launch)
        except Exception as error:
            raise as_mistake(error) from None
        return launch


@contextmanager
def command(arguments: Sequence[str]) -> Iterator[None]:
    """Give Hydra these arguments, and then the process what it had before.

    Hydra keeps its config, its arguments and the handlers of logging for the whole
    process, which here may be a notebook with a Hydra of its own.
    """
    root, own, running = logging.getLogger(), HydraConfig.instance(), GlobalHydra()
    before = sys.argv, own.cfg, running.instance().hydra, root.handlers[:], root.level
    GlobalHydra.instance().clear()
    sys.argv = ["litmlp", *arguments]
    try:
        yield
    finally:
        sys.argv, own.cfg, GlobalHydra.instance().hydra, handlers, level = before
        for handler in set(root.handlers) - set(handlers):
            handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)
