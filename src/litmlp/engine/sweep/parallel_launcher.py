"""The common base of launchers that train runs in other processes."""

import io
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, cast

from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from litmlp.engine.folder.sweep_folder import folder_of
from litmlp.engine.process.signals import interrupt_on_signal
from litmlp.engine.sweep.job_launcher import Job, JobLauncher, announce, title
from litmlp.engine.sweep.launch_state import AS_ABOVE, settled_status
from litmlp.engine.sweep.parent_state import LauncherProcess
from litmlp.errors import UserError

log = logging.getLogger(__name__)


class JobOutcome:
    """The result of a job, or the error that stops the sweep, with all its output."""

    def __init__(self) -> None:
        self.result: JobReturn | None = None
        self.stop: BaseException | None = None
        self.out, self.err = io.StringIO(), io.StringIO()

    def print_output(self, earlier: set[str]) -> None:
        """Print the output of the job in one piece: jobs do not mix their lines.

        Args:
            earlier: errors that need not be printed again; gets those of the job.
        """
        errors = self.err.getvalue()
        print(self.out.getvalue(), end="", flush=True)
        shown = f"error: {AS_ABOVE}\n" if errors in earlier else errors
        print(shown, end="", file=sys.stderr, flush=True)
        earlier |= {errors} - {""}


@dataclass(frozen=True, kw_only=True)
class SentJob:
    """A job that can be called in another process.

    Args:
        job: of a sweep.
        launcher: the process that sends it.
    """

    job: Job
    launcher: LauncherProcess

    def __call__(self) -> JobOutcome:
        ended = JobOutcome()
        with (
            self.launcher.imitated(),
            redirect_stdout(ended.out),
            redirect_stderr(ended.err),
        ):
            try:
                ended.result = self._run()
            except BaseException as error:  # an interrupt, or a sweep that is to stop
                ended.stop = error
        return ended

    def _run(self) -> JobReturn:
        """Run the job, unless a process that was lost has trained it, or still does."""
        folder = folder_of(self.job.composed)
        status = settled_status([folder])[folder]
        if status in ("done", "running"):
            print(f"  skipped: {status}  {folder.name}")
            return self.job.recorded()
        return self.job.run()


Outcomes = Iterator[tuple[SentJob, JobOutcome | None]]
"""Jobs in the order in which they end; None for a job whose process was killed."""


class ParallelLauncher(JobLauncher):
    """Base of launchers that train several runs of a sweep at a time.

    A subclass calls the jobs in ``train``, and starts no job once ``stopping`` is set.
    ``package`` is the package that it needs, and the name of litmlp's extra for it.
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

    def train(self, jobs: list[SentJob]) -> Outcomes:
        """Call the jobs in other processes."""
        raise NotImplementedError

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        self.prepare()
        composed = self.composed(job_overrides, initial_job_idx)
        self.printed: set[str] = set()
        process = LauncherProcess()
        jobs = [SentJob(job=job, launcher=process) for job in composed]
        announce(job_overrides, f"with {type(self).__name__}")
        with interrupt_on_signal():  # of SIGTERM, Python alone would just end
            results = {id(job): self._result(job, end) for job, end in self.train(jobs)}
        if self.stopping is not None:
            raise self.stopping
        return [results[id(job)] for job in jobs]

    def _result(self, job: SentJob, ended: JobOutcome | None) -> JobReturn:
        log.info(title(job.job.composed))
        if ended is None:
            print("error: its process was killed", file=sys.stderr, flush=True)
            return job.job.returned()
        ended.print_output(self.printed)
        if ended.stop is not None:
            self.stopping = self.stopping or ended.stop
        return ended.result or job.job.returned()


def as_arguments(config: DictConfig) -> dict[str, Any]:
    """Return the keyword arguments in a section of a launcher's file."""
    return cast(dict[str, Any], OmegaConf.to_container(config, resolve=True))
