"""The common base of launchers that train runs in other processes."""

import io
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, cast

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn
from omegaconf import DictConfig, OmegaConf

from litmlp.engine.folder.sweep_folder import folder_of
from litmlp.engine.process.signals import interrupt_on_signal
from litmlp.engine.sweep.job_launcher import Job, JobLauncher
from litmlp.engine.sweep.launch_state import settled_status
from litmlp.errors import UserError
from litmlp.own_packages import OWN_PACKAGES

log = logging.getLogger(__name__)

JobGroups = Sequence[Sequence[Job]]
"""Groups of jobs that can perhaps be stacked."""

KILLED = "a process was killed: the sweep goes on without its runs"

TO_TRAIN = ("new", "interrupted")
"""The status of a run that is left to train."""


class JobOutcome:
    """The output of jobs in another process, and the error that stops the sweep."""

    def __init__(self) -> None:
        self.stop: BaseException | None = None
        self.out, self.err = io.StringIO(), io.StringIO()


def run_each(groups: JobGroups) -> None:
    """Run jobs one after the other."""
    for group in groups:
        for job in group:
            job.run()


@dataclass(frozen=True, kw_only=True)
class SentJobs:
    """Jobs that can be called in another process, which becomes as this one."""

    groups: JobGroups
    train: Callable[[JobGroups], None] = run_each
    singletons: Any = field(default_factory=Singleton.get_state)
    directory: str = field(default_factory=os.getcwd)
    packages: set[str] = field(default_factory=OWN_PACKAGES.copy)

    @property
    def jobs(self) -> list[Job]:
        """All jobs of the groups."""
        return [job for group in self.groups for job in group]

    def __call__(self) -> JobOutcome:
        ended = JobOutcome()
        Singleton.set_state(self.singletons)
        OWN_PACKAGES.update(self.packages)
        with (
            chdir(self.directory),
            redirect_stdout(ended.out),
            redirect_stderr(ended.err),
        ):
            try:
                self.train(self._left())
            except BaseException as error:  # an interrupt, or a sweep that is to stop
                ended.stop = error
        return ended

    def _left(self) -> JobGroups:
        """Return the jobs that no lost process has ended, and no other one trains."""
        found = settled_status([folder_of(job.composed) for job in self.jobs])
        for folder, status in found.items():
            if status not in TO_TRAIN:
                print(f"  skipped: {status}  {folder.name}")
        return [
            [job for job in group if found[folder_of(job.composed)] in TO_TRAIN]
            for group in self.groups
        ]

    def receive(self, ended: JobOutcome | None) -> None:
        """Print the output of jobs in one piece; None if their process was killed."""
        if ended is None:
            ended = JobOutcome()
            ended.err.write(f"error: {KILLED}\n")
        print(ended.out.getvalue(), end="", flush=True)
        print(ended.err.getvalue(), end="", file=sys.stderr, flush=True)
        for job in self.jobs:
            job.read_result()


Outcomes = Iterator[tuple[SentJobs, JobOutcome | None]]
"""Jobs in the order in which they end; None for jobs whose process was killed."""


class ParallelLauncher(JobLauncher):
    """Base of launchers that train several runs of a sweep at a time.

    A subclass calls the jobs in ``train``, and starts no job once ``stopping`` is set.
    ``package`` is an extra that it needs: the package has the same name.
    """

    package = ""
    stopping: BaseException | None = None

    def setup(self, **given: Any) -> None:
        if self.package and find_spec(self.package) is None:
            raise UserError(
                f"this launcher needs {self.package}: pip install "
                f"litmlp[{self.package}]"
            )
        super().setup(**given)

    def train(self, jobs: list[SentJobs]) -> Outcomes:
        """Call the jobs in other processes."""
        raise NotImplementedError

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        self.prepare(job_overrides)
        jobs = self.composed(job_overrides, initial_job_idx)
        self.train_all([SentJobs(groups=[[job]]) for job in jobs])
        return [job.result for job in jobs]

    def train_all(self, sent: list[SentJobs]) -> None:
        """Train jobs in other processes; each gets its result."""
        with interrupt_on_signal():  # of SIGTERM, Python alone would just end
            for part, ended in self.train(sent):
                if len(part.jobs) == 1:
                    log.info(part.jobs[0].title)
                part.receive(ended)
                if ended is not None:
                    self.stopping = self.stopping or ended.stop
        if self.stopping is not None:
            raise self.stopping


def as_arguments(config: DictConfig) -> dict[str, Any]:
    """Return the keyword arguments in a section of a launcher's file."""
    return cast(dict[str, Any], OmegaConf.to_container(config, resolve=True))
