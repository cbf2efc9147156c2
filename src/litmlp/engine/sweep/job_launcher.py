"""The jobs of a sweep, run as Hydra does but without its copies of configs.

Hydra copies each config twice with its own section, and removes that section three
times, which takes as long as to train a small network.
"""

import logging
import math
import os
import pickle
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import (
    JobReturn,
    JobRuntime,
    JobStatus,
    configure_log,
    filter_overrides,
    setup_globals,
)
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from litmlp.engine.config.composition_cache import NAMES, ComposedOnce
from litmlp.engine.folder import run_folder
from litmlp.engine.folder.sweep_folder import folder_of, status_of
from litmlp.engine.sweep.launch_state import this_launch
from litmlp.engine.terminal.console import console
from litmlp.engine.terminal.progress_bars import bars

log = logging.getLogger(__name__)


@dataclass
class Job:
    """A job of a sweep: run at once, or open until it is trained in a group.

    Args:
        composed: the job's config with Hydra's section.
        context: Hydra's, of the sweep.
        task: the function of the script, called with the config.
        position: of the run in its sweep, ``3/8  ``, for the line about its result.
    """

    composed: DictConfig
    context: HydraContext
    task: TaskFunction
    position: str = ""
    result: JobReturn = field(default_factory=JobReturn)
    config: DictConfig = field(init=False)
    _hydra: Any = None
    _folder: str | None = None
    _handlers: list[logging.Handler] = field(default_factory=list)

    def run(self) -> JobReturn:
        """Open the job, call the task, and close the job."""
        self.open()
        with self.current():
            try:
                value, status = self.task(self.config), JobStatus.COMPLETED
            except Exception as error:
                value, status = error, JobStatus.FAILED
        self.close(value, status)
        folder = folder_of(self.composed)
        if status_of(folder) == "done":
            from litmlp.engine.run.record import in_one_line  # loaded by the run

            line = in_one_line(run_folder.read_summary(folder))
            console.print(f"  {self.position}{line}", soft_wrap=True)
        return self.result

    def open(self) -> None:
        """Do as Hydra before a job: make its folder and open its log."""
        hydra, folder = self.composed.hydra, folder_of(self.composed)
        with read_write(hydra), open_dict(hydra):
            hydra.runtime.output_dir = str(folder)
        OmegaConf.set_readonly(hydra, True)
        # Read here, since a group needs it per epoch and a config is slow.
        self._folder = str(folder) if hydra.job.chdir else None
        self.config = pickle.loads(pickle.dumps(self.composed))
        OmegaConf.get_cache(self.config).pop(NAMES, None)
        singleton = HydraConfig.instance()
        before = singleton.cfg
        singleton.set_config(self.composed)
        self._hydra, singleton.cfg = singleton.cfg, before
        with read_write(self.config), open_dict(self.config):
            del self.config["hydra"]
        folder.mkdir(parents=True, exist_ok=True)
        configure_log(hydra.job_logging, hydra.verbose)
        self._handlers = logging.getLogger().handlers[:]
        if hydra.output_subdir is not None:
            place = folder / hydra.output_subdir
            place.mkdir(parents=True, exist_ok=True)
            OmegaConf.save(self.config, place / "config.yaml")
            OmegaConf.save(self._hydra, place / "hydra.yaml")
            OmegaConf.save(hydra.overrides.task, place / "overrides.yaml")
        with self.current():
            self.context.callbacks.on_job_start(
                config=self.composed, task_function=self.task
            )

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make the job Hydra's current one, with its own log, in the block."""
        root, singleton = logging.getLogger(), HydraConfig.instance()
        before = singleton.cfg, root.handlers
        singleton.cfg, root.handlers = self._hydra, self._handlers
        try:
            with chdir(self._folder or os.getcwd()):
                yield
        finally:
            singleton.cfg, root.handlers = before

    def close(self, value: Any, status: JobStatus = JobStatus.COMPLETED) -> None:
        """Do as Hydra after a job, and close its log."""
        with self.current():
            self.result = JobReturn(
                overrides=list(self.composed.hydra.overrides.task),
                cfg=self.config,
                hydra_cfg=self._hydra,
                working_dir=os.getcwd(),
                task_name=JobRuntime.instance().get("name"),
                status=status,
            )
            self.result.return_value = value
            self.context.callbacks.on_job_end(
                config=self.composed, job_return=self.result
            )
        for handler in self._handlers:
            handler.close()

    def read_result(self) -> None:
        """Read the result of a job that another process has run: the best value."""
        config, folder = self.composed, folder_of(self.composed)
        value = math.inf if config.get("mode") == "min" else -math.inf
        if status_of(folder) == "done":
            best = run_folder.read_summary(folder)["best_value"]
            value = value if best is None else best
        with open_dict(config.hydra.runtime):
            config.hydra.runtime.output_dir = str(folder)
        self.result = JobReturn(
            overrides=list(config.hydra.overrides.task),
            cfg=config,
            hydra_cfg=config,
            status=JobStatus.COMPLETED,
            _return_value=value,
        )

    @property
    def title(self) -> str:
        """The job's number and overrides, in the words of Hydra's launcher."""
        hydra = self.composed.hydra
        overrides = filter_overrides(hydra.overrides.task)
        return f"\t#{hydra.job.num} : {' '.join(overrides)}"


class JobLauncher(Launcher):
    """Base of this project's launchers: composes the jobs of a sweeper."""

    def setup(
        self,
        *,
        hydra_context: HydraContext,
        task_function: TaskFunction,
        config: DictConfig,
    ) -> None:
        self.context, self.task, self.config = hydra_context, task_function, config

    def prepare(self, jobs: Sequence[Sequence[str]]) -> None:
        """Do as Hydra before a batch of jobs: open its log, make the sweep's folder."""
        setup_globals()
        self.log_as_launcher()
        Path(self.config.hydra.sweep.dir).mkdir(parents=True, exist_ok=True)
        if len(jobs) > 1:
            log.info(f"Launching {len(jobs)} jobs")

    def log_as_launcher(self) -> None:
        """Open the launcher's log in place of a job's."""
        hydra = self.config.hydra
        configure_log(hydra.hydra_logging, hydra.verbose)

    def compose(self, overrides: Sequence[Sequence[str]], first: int) -> Iterator[Job]:
        """Yield the jobs of a batch, numbered from ``first``."""
        load = self.context.config_loader.load_sweep_config
        for index, own in enumerate(overrides, first):
            number = this_launch().numbers.get(tuple(own), index)
            composed = with_number(load(self.config, list(own)), number)
            position = this_launch().position(folder_of(composed))
            yield Job(composed, self.context, self.task, position)

    def composed(self, overrides: Sequence[Sequence[str]], first: int) -> list[Job]:
        """Return all jobs of a batch, with a progress bar in a terminal."""
        jobs = self.compose(overrides, first)
        if not console.is_terminal:
            return list(jobs)
        with bars() as shown:
            return list(shown.track(jobs, len(overrides), description="composing"))


class JobSweeper(Sweeper):
    """Base of this project's sweepers: composes the common part of configs once."""

    hydra_context: HydraContext
    config: DictConfig
    launcher: Launcher

    def setup(
        self,
        *,
        hydra_context: HydraContext,
        task_function: TaskFunction,
        config: DictConfig,
    ) -> None:
        self.loader = cast(ConfigLoader, ComposedOnce(hydra_context.config_loader))
        context = HydraContext(self.loader, hydra_context.callbacks)
        self.hydra_context, self.config = context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=context, task_function=task_function, config=config
        )

    def numbered(
        self, jobs: Sequence[Sequence[str]], first: int = 0
    ) -> Iterator[DictConfig]:
        """Compose each run, with its number in the sweep."""
        for number, job in enumerate(jobs, first):
            this_launch().numbers[tuple(job)] = number
            yield with_number(
                self.loader.load_sweep_config(self.config, list(job)), number
            )


def with_number(config: DictConfig, number: int) -> DictConfig:
    """Give the config of a run its number in the sweep, which may name its folder."""
    with open_dict(config):
        config.hydra.job.id = config.hydra.job.num = number
    return config
