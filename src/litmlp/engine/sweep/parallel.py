"""Runs of a sweep in other processes: what their launchers share."""

import io
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, cast

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from litmlp.engine.folder.sweep_folder import folder_of
from litmlp.engine.process.signals import interrupt_on_signal
from litmlp.engine.sweep.jobs import Job, JobLauncher, announce, title
from litmlp.engine.sweep.launch import settled_status
from litmlp.errors import UserError

log = logging.getLogger(__name__)


class Ended:
    """How a job ended: its result, or what stops the sweep; and what it said."""

    def __init__(self) -> None:
        self.result: JobReturn | None = None
        self.stop: BaseException | None = None
        self.out, self.err = io.StringIO(), io.StringIO()

    def tell(self) -> None:
        """Pass on what was said, at once: runs do not talk at the same time."""
        print(self.out.getvalue(), end="", flush=True)
        print(self.err.getvalue(), end="", file=sys.stderr, flush=True)


@dataclass(frozen=True, kw_only=True)
class SentJob:
    """A job, to be called in whichever process it is sent to.

    Args:
        job: of a sweep.
        state: what Hydra and OmegaConf know in the launcher's process.
        here: that process's working directory, which relative paths start from.
    """

    job: Job
    state: Any
    here: str

    def __call__(self) -> Ended:
        Singleton.set_state(self.state)
        ended = Ended()
        with chdir(self.here), redirect_stdout(ended.out), redirect_stderr(ended.err):
            try:
                ended.result = self._run()
            except BaseException as error:  # an interrupt, or a sweep that is to stop
                ended.stop = error
        return ended

    def _run(self) -> JobReturn:
        """As Hydra does, unless an attempt of which nobody heard has, or is at it."""
        folder = folder_of(self.job.composed)
        status = settled_status([folder])[folder]
        if status in ("done", "running"):
            print(f"  skipped: {status}  {folder.name}")
            return self.job.recorded()
        return self.job.run()


Arrivals = Iterator[tuple[SentJob, Ended | None]]
"""Jobs as they end, in any order; None for one that was lost with its process."""


class ParallelLauncher(JobLauncher):
    """Base of launchers that train several members of a sweep at a time.

    A subclass says how, in ``train``. Once ``stopping`` is set it starts no other job.
    ``package`` is what it needs, also the name of this project's optional extra.
    """

    package = ""
    stopping: BaseException | None = None

    def setup(
        self,
        *,
        hydra_context: HydraContext,
        task_function: TaskFunction,
        config: DictConfig,
    ) -> None:
        if self.package and find_spec(self.package) is None:
            raise UserError(
                f"this launcher needs {self.package}: pip install "
                f"litmlp[{self.package}]"
            )
        super().setup(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def train(self, jobs: list[SentJob]) -> Arrivals:
        """Call the jobs in other processes."""
        raise NotImplementedError

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        self.prepare()
        composed = self.composed(job_overrides, initial_job_idx)
        state, here = Singleton.get_state(), os.getcwd()
        jobs = [SentJob(job=job, state=state, here=here) for job in composed]
        announce(job_overrides, f"with {type(self).__name__}")
        with (
            interrupt_on_signal()
        ):  # also SIGTERM, of which Python alone would just die
            results = {id(job): self._result(job, end) for job, end in self.train(jobs)}
        if self.stopping is not None:
            raise self.stopping
        return [results[id(job)] for job in jobs]

    def _result(self, job: SentJob, ended: Ended | None) -> JobReturn:
        log.info(title(job.job.composed))
        if ended is None:
            print("error: its process was killed", file=sys.stderr, flush=True)
            return job.job.returned()
        ended.tell()
        if ended.stop is not None:
            self.stopping = self.stopping or ended.stop
        return ended.result or job.job.returned()


def as_arguments(config: DictConfig) -> dict[str, Any]:
    """Keyword arguments of an engine, as a launcher's file gives them."""
    return cast(dict[str, Any], OmegaConf.to_container(config, resolve=True))
