"""The common base of launchers that train runs in other processes."""

import io
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
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

JobGroups = Sequence[Sequence[Job]]
"""Groups of jobs that can perhaps be stacked."""

KILLED = "a process was killed: the sweep goes on without its runs"

TO_TRAIN = ("new", "interrupted")
"""The status of a run that is left to train."""


class JobOutcome:
    """The results of jobs, or the error that stops the sweep, with all their output."""

    def __init__(self) -> None:
        self.results: list[JobReturn] = []
        self.stop: BaseException | None = None
        self.out, self.err = io.StringIO(), io.StringIO()

    def print_output(self, earlier: set[str]) -> None:
        """Print the output of the jobs in one piece: jobs do not mix their lines.

        Args:
            earlier: errors that need not be printed again; gets those of the jobs.
        """
        errors = self.err.getvalue()
        print(self.out.getvalue(), end="", flush=True)
        shown = f"error: {AS_ABOVE}\n" if errors in earlier else errors
        print(shown, end="", file=sys.stderr, flush=True)
        earlier |= {errors} - {""}


def run_each(groups: JobGroups) -> None:
    """Run jobs one after the other."""
    for group in groups:
        for job in group:
            job.run()


@dataclass(frozen=True, kw_only=True)
class SentJobs:
    """Jobs that can be called in another process.

    Args:
        groups: jobs of a sweep, not begun.
        launcher: the process that sends them.
        train: trains groups; each job gets its result.
    """

    groups: JobGroups
    launcher: LauncherProcess = field(default_factory=LauncherProcess)
    train: Callable[[JobGroups], None] = run_each

    @property
    def jobs(self) -> list[Job]:
        """All jobs of the groups."""
        return [job for group in self.groups for job in group]

    def __call__(self) -> JobOutcome:
        ended = JobOutcome()
        with (
            self.launcher.imitated(),
            redirect_stdout(ended.out),
            redirect_stderr(ended.err),
        ):
            try:
                self.train(self._left())
            except BaseException as error:  # an interrupt, or a sweep that is to stop
                ended.stop = error
        ended.results = [job.result for job in self.jobs]
        return ended

    def _left(self) -> JobGroups:
        """Return the jobs that no lost process has ended, and no other one trains."""
        folders = [folder_of(job.composed) for job in self.jobs]
        found, ended = settled_status(folders), set[int]()
        for job, folder in zip(self.jobs, folders, strict=True):
            if found[folder] not in TO_TRAIN:
                print(f"  skipped: {found[folder]}  {folder.name}")
                job.result = job.recorded()
                ended.add(id(job))
        return [[job for job in each if id(job) not in ended] for each in self.groups]

    def receive(self, ended: JobOutcome | None, printed: set[str]) -> None:
        """Print the output of the jobs, and give each job its result.

        Args:
            ended: how the jobs ended; None if their process was killed.
            printed: errors that need not be printed again.
        """
        if ended is None:
            ended = JobOutcome()
            ended.err.write(f"error: {KILLED}\n")
        ended.print_output(printed)
        results = ended.results or [job.returned() for job in self.jobs]
        for job, result in zip(self.jobs, results, strict=True):
            job.result = result


Outcomes = Iterator[tuple[SentJobs, JobOutcome | None]]
"""Jobs in the order in which they end; None for jobs whose process was killed."""


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

    def train(self, jobs: list[SentJobs]) -> Outcomes:
        """Call the jobs in other processes."""
        raise NotImplementedError

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        self.prepare()
        jobs = self.composed(job_overrides, initial_job_idx)
        announce(job_overrides, f"with {type(self).__name__}")
        process = LauncherProcess()
        self.train_all([SentJobs(groups=[[job]], launcher=process) for job in jobs])
        return [job.result for job in jobs]

    def train_all(self, sent: list[SentJobs]) -> None:
        """Train jobs in other processes; each gets its result."""
        printed: set[str] = set()
        with interrupt_on_signal():  # of SIGTERM, Python alone would just end
            for part, ended in self.train(sent):
                if len(part.jobs) == 1:
                    log.info(title(part.jobs[0].composed))
                part.receive(ended, printed)
                if ended is not None:
                    self.stopping = self.stopping or ended.stop
        if self.stopping is not None:
            raise self.stopping


def as_arguments(config: DictConfig) -> dict[str, Any]:
    """Return the keyword arguments in a section of a launcher's file."""
    return cast(dict[str, Any], OmegaConf.to_container(config, resolve=True))
