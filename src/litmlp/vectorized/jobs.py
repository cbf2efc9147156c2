"""A sweep's jobs as Hydra runs them, but held open until they are trained together."""

import logging
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import (
    JobReturn,
    JobStatus,
    configure_log,
    env_override,
    run_job,
)
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict, read_write

from litmlp.members import folder_of


@dataclass
class Job:
    """A job of a sweep.

    Args:
        composed: its config with Hydra's part.
        context: of the sweep.
        task: what the script does with a config.
    """

    composed: DictConfig
    context: HydraContext
    task: TaskFunction
    result: JobReturn = field(default_factory=JobReturn)
    config: DictConfig = field(init=False)
    _hydra: Any = None
    _handlers: list[logging.Handler] = field(default_factory=list)

    def run(self) -> None:
        """Run it alone, as Hydra's own launcher does."""
        self.result = run_job(
            hydra_context=self.context,
            task_function=self.task,
            config=self.composed,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )

    def open(self) -> None:
        """Do what Hydra does before a job: its folder and its log.

        Hydra would also copy the config twice, which takes longer than the rest.
        """
        hydra, folder = self.composed.hydra, folder_of(self.composed)
        with read_write(hydra), open_dict(hydra):
            hydra.runtime.output_dir = str(folder)
        singleton = HydraConfig.instance()
        before = singleton.cfg
        singleton.set_config(self.composed)
        self._hydra = singleton.cfg
        self.config = pickle.loads(pickle.dumps(self.composed))
        with read_write(self.config), open_dict(self.config):
            del self.config["hydra"]
        folder.mkdir(parents=True, exist_ok=True)
        configure_log(hydra.job_logging, hydra.verbose)
        self._handlers = logging.getLogger().handlers[:]
        self.context.callbacks.on_job_start(
            config=self.composed, task_function=self.task
        )
        singleton.cfg = before

    @contextmanager
    def current(self) -> Iterator[None]:
        """Let it be the job that Hydra runs, with its own log."""
        root, singleton = logging.getLogger(), HydraConfig.instance()
        before = singleton.cfg, root.handlers
        singleton.cfg, root.handlers = self._hydra, self._handlers
        try:
            with env_override(self.composed.hydra.job.env_set):
                yield
        finally:
            singleton.cfg, root.handlers = before

    def close(self, value: float) -> None:
        """Do what Hydra does after a job that came to a value; let go of its log."""
        self.result.return_value = value
        self.result.cfg, self.result.hydra_cfg = self.config, self._hydra
        self.result.status = JobStatus.COMPLETED
        self.context.callbacks.on_job_end(config=self.composed, job_return=self.result)
        for handler in self._handlers:
            handler.close()


def compose_jobs(
    sweep: DictConfig,
    context: HydraContext,
    task: TaskFunction,
    overrides: Sequence[Sequence[str]],
    first: int,
) -> list[Job]:
    """The jobs of a batch, numbered from ``first``."""
    jobs = []
    for number, own in enumerate(overrides, first):
        composed = context.config_loader.load_sweep_config(sweep, list(own))
        with open_dict(composed):
            composed.hydra.job.id = composed.hydra.job.num = number
        jobs.append(Job(composed, context, task))
    return jobs
