"""The door from the shell to a command's function: Hydra, folders, and mistakes."""

import io
import math
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf

from litmlp.engine import option_folders
from litmlp.engine.config.hydra_internals import check_flags, use_checked_loader
from litmlp.engine.config.launch_command import as_typed
from litmlp.engine.folder.run_folder import has_diverged
from litmlp.engine.folder.sweep_folder import known_name, run_name
from litmlp.engine.process.signals import exit_code
from litmlp.engine.run.resume import folder_to_resume
from litmlp.engine.sweep.hooks import conclude_sweep
from litmlp.engine.sweep.launch_state import (
    AS_ABOVE,
    Launch,
    LaunchRefused,
    SweepStopped,
    launching,
    show_left_over,
)
from litmlp.engine.terminal.mistakes import describe, fail, report
from litmlp.errors import UserError

Task = Callable[[DictConfig], float | None]

TRACEBACK = "--traceback"
OVERRIDE = re.compile(r"[~+]|[^-].*=", re.DOTALL)
FULL_ERROR = "HYDRA_FULL_ERROR"  # Hydra's own option for the same


def run(task: Task, *, config: str) -> None:
    """Call a command's function with the config that the command line composes.

    A mistake of the user is one line on stderr and exit code 1; ``--traceback`` shows
    where it was found. In a sweep a failing run lets the others go on.

    Args:
        task: the function of the command.
        config: name of the primary config in conf/.
    """
    full = TRACEBACK in sys.argv or FULL_ERROR in os.environ
    arguments = [argument for argument in sys.argv[1:] if argument != TRACEBACK]
    # Hydra's parser wants all overrides in one piece, so that flags come first.
    sys.argv[1:] = sorted(arguments, key=lambda text: bool(OVERRIDE.match(text)))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # some terminals lack box characters
    failed: list[str] = []
    with hydra_launch() as launch:
        try:
            check_flags(arguments)
            call_hydra(guarded(task, full, failed), config)
        except LaunchRefused as refused:
            fail(refused.mistake)
        except Exception as error:
            # Raised outside the task: the mistake is in the command or the folder.
            fail(error if full else UserError(describe(error)), full)
        except SweepStopped:
            conclude_sweep(launch)
        except KeyboardInterrupt:
            incomplete = ": the sweep is incomplete" if launch.sweep else ""
            print(f"interrupted{incomplete}", file=sys.stderr)
            if launch.sweep:
                folder = Path(launch.sweep.hydra.sweep.dir)
                show_left_over(launch.left_over(folder), folder)
            sys.exit(exit_code())
    sys.exit(1 if launch.failures or failed else 0)


@contextmanager
def hydra_launch() -> Iterator[Launch]:
    """Begin a launch, in which Hydra raises its errors instead of printing them."""
    before = os.environ.get(FULL_ERROR)
    os.environ[FULL_ERROR] = "1"
    register_resolvers()
    use_checked_loader()
    try:
        with launching() as launch:
            yield launch
    finally:
        if before is None:
            del os.environ[FULL_ERROR]


def call_hydra(task: Task, config: str) -> None:
    """Let Hydra compose ``sys.argv`` with a config of conf/, and call the task."""
    option_folders.open_project()
    hydra.main(
        version_base="1.3", config_path=str(option_folders.CONF), config_name=config
    )(task)()


def guarded(task: Task, full: bool, failed: list[str]) -> Task:
    """Return the task with its errors reported, none of which ends a sweep.

    The errors of a sweep's runs in this process are added to ``failed``.
    """

    def run_task(config: DictConfig) -> float | None:
        try:
            value = task(config)
            alone = HydraConfig.get().mode != RunMode.MULTIRUN
            if alone and "folder" in config and has_diverged(Path(config.folder)):
                failed.append("the run has diverged")
            return value
        except Exception as error:
            if HydraConfig.get().mode != RunMode.MULTIRUN:
                fail(error, full)
            if full or describe(error) not in failed:
                report(error, full)
            else:  # the same fault of the data in each run
                print(f"error: {AS_ABOVE}", file=sys.stderr)
            failed.append(describe(error))  # an error would keep its frames alive
            if OmegaConf.select(config, "sweep.on_error") == "stop":
                raise SweepStopped from error
            return math.inf if config.get("mode") == "min" else -math.inf

    return run_task


def register_resolvers() -> None:
    """Register the functions by which ``conf/train.yaml`` names folders."""

    def launch() -> str:
        return f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{uuid4().hex[:8]}"

    def existing(sweep: str) -> list[str]:
        return sorted(path.name for path in Path(sweep).glob("*") if path.is_dir())

    def folder_name(
        overrides: ListConfig,
        command: list[str],
        existing: list[str],
        *,
        _root_: DictConfig,
    ) -> str:
        name = run_name(as_typed(overrides), list(command), _root_)
        return known_name(name, list(existing))

    def run_folder(parent: str, resume: str | None) -> str:
        return (
            str(folder_to_resume(Path(parent), resume))
            if resume
            else f"{parent}/{launch()}"
        )

    # Cached: a launch has one name; the runs of a sweep inherit the sweep's command and
    # what was in its folder.
    resolvers: dict[str, tuple[Callable[..., Any], bool]] = {
        "launch": (launch, True),
        "run_folder": (run_folder, True),
        "command": (as_typed, True),
        "existing": (existing, True),
        "run_name": (folder_name, False),
    }
    for name, (resolver, cached) in resolvers.items():
        OmegaConf.register_new_resolver(
            f"litmlp.{name}", resolver, use_cache=cached, replace=True
        )
