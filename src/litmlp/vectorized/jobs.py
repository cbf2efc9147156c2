"""A sweep's jobs as Hydra runs them, but held open until they are trained together."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, run_job
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict


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
        self.result = self._run(self.task)

    def open(self) -> None:
        """Do what Hydra does before a job: its folder, its files, its log."""
        self.result = self._run(self._note)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Let it be the job that Hydra runs, with its own log."""
        root, singleton = logging.getLogger(), HydraConfig.instance()
        before = singleton.cfg, root.handlers
        singleton.cfg, root.handlers = self._hydra, self._handlers
        try:
            yield
        finally:
            singleton.cfg, root.handlers = before

    def close(self) -> None:
        """Let go of its log."""
        for handler in self._handlers:
            handler.close()

    def _note(self, config: DictConfig) -> None:
        self.config = config
        self._hydra = HydraConfig.instance().cfg
        self._handlers = logging.getLogger().handlers[:]

    def _run(self, task: Any) -> JobReturn:
        return run_job(
            hydra_context=self.context,
            task_function=task,
            config=self.composed,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )


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
