"""From the shell to a function: Hydra, unique folders, and one line for a mistake."""

import functools
import io
import math
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf

from litmlp.engine.config.hydra_internals import use_checked_loader
from litmlp.engine.config.overrides import as_typed
from litmlp.engine.folder.sweep_folder import known_name, run_name
from litmlp.engine.process.signals import exit_code
from litmlp.engine.run.resume import folder_to_resume
from litmlp.engine.sweep.hooks import (
    LaunchHooks,
    SweepStopped,
    left_over,
    show_left_over,
)
from litmlp.engine.terminal.mistakes import describe, explain, fail, report
from litmlp.errors import UserError

Task = Callable[[DictConfig], float | None]

TRACEBACK = "--traceback"
FULL_ERROR = "HYDRA_FULL_ERROR"  # Hydra's own way to ask for the same


def run(task: Task, *, config: str) -> None:
    """Run a script's function with the config of that name, as the command line says.

    A mistake of the user is one line on stderr and exit code 1; ``--traceback`` shows
    where it was found. In a sweep a failing job lets the others go on.
    """
    full = TRACEBACK in sys.argv or FULL_ERROR in os.environ
    sys.argv = [argument for argument in sys.argv if argument != TRACEBACK]
    before = os.environ.get(FULL_ERROR)
    os.environ[FULL_ERROR] = "1"  # errors of Hydra come here instead
    register_resolvers()
    use_checked_loader()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may lack a box or a dash
    LaunchHooks.unfinished, LaunchHooks.planned, LaunchHooks.launched = 0, {}, None
    bugs: list[Exception] = []
    main = hydra.main(version_base="1.3", config_path="../conf", config_name=config)
    try:
        main(guarded(task, full, bugs))()
    except Exception as error:
        if error in bugs:
            raise
        # Before the task: the mistake is in what was typed, or in where it should go.
        fail(error if full else UserError(describe(error)), full)
    except SweepStopped:
        assert LaunchHooks.launched is not None
        LaunchHooks().on_multirun_end(LaunchHooks.launched)
    except KeyboardInterrupt:
        incomplete = (
            ": the sweep is incomplete" if LaunchHooks.launched is not None else ""
        )
        print(f"interrupted{incomplete}", file=sys.stderr)
        if LaunchHooks.launched is not None:
            folder = Path(LaunchHooks.launched.hydra.sweep.dir)
            show_left_over(left_over(folder), folder)
        sys.exit(exit_code())
    finally:
        if before is None:
            del os.environ[FULL_ERROR]
    sys.exit(1 if LaunchHooks.unfinished else 0)


def guarded(task: Task, full: bool, bugs: list[Exception]) -> Task:
    """The task with a user's mistakes told in one line, and none ending a sweep.

    Other errors of a single run are raised, and noted in ``bugs``.
    """

    @functools.wraps(task)  # Hydra looks for conf/ beside the file of the task
    def run_task(config: DictConfig) -> float | None:
        hydra_config = HydraConfig.get()
        try:
            return task(config)
        except Exception as error:
            mistake = explain(error) is not None
            if hydra_config.mode == RunMode.MULTIRUN:
                report(error, full)
                LaunchHooks.unfinished += 1
                if OmegaConf.select(config, "sweep.on_error") == "stop":
                    raise SweepStopped from error
                return math.inf if config.get("mode") == "min" else -math.inf
            if not mistake:
                bugs.append(error)
                raise
            fail(error, full)

    return run_task


def register_resolvers() -> None:
    """What ``conf/train.yaml`` uses to name folders."""

    def launch() -> str:
        return f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{uuid4().hex[:8]}"

    def command(overrides: ListConfig) -> list[str]:
        return as_typed(overrides)

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
        "command": (command, True),
        "existing": (existing, True),
        "run_name": (folder_name, False),
    }
    for name, (resolver, cached) in resolvers.items():
        OmegaConf.register_new_resolver(
            f"litmlp.{name}", resolver, use_cache=cached, replace=True
        )
