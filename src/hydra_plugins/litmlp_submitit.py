"""The launcher of ``hydra/launcher=submitit_slurm`` and ``submitit_local``.

With the official hydra-submitit-launcher 1.2 a lost job ends the sweep, and there is no
output before all jobs are done.
"""

import logging
import os
import pickle
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from subprocess import CalledProcessError
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from omegaconf import DictConfig

from litmlp.engine.process.signals import Received, exit_code, interrupt_on_signal
from litmlp.engine.sweep.parallel_launcher import (
    JobOutcome,
    Outcomes,
    ParallelLauncher,
    SentJobs,
    as_arguments,
)

if TYPE_CHECKING:
    from submitit import Job

log = logging.getLogger(__name__)

GRACE = 600.0
"""Seconds in which Slurm ends a job after its signal."""

LONGEST = 20.0
"""Seconds that jobs of this machine have to save their state and end."""


class SubmititLauncher(ParallelLauncher):
    """Trains the runs of a sweep as jobs of a Slurm cluster, or of this machine.

    A job that is preempted or out of time is queued again and continues its run.
    """

    package = "submitit"

    def __init__(
        self,
        *,
        cluster: Literal["slurm", "local"],
        folder: str,
        poll_seconds: float,
        max_num_timeout: int,
        parameters: DictConfig,
    ) -> None:
        self.cluster = cluster
        self.folder = folder
        self.poll_seconds = poll_seconds
        self.max_num_timeout = max_num_timeout
        self.parameters = parameters

    def train(self, jobs: list[SentJobs]) -> Outcomes:
        from submitit import AutoExecutor

        often = {f"{self.cluster}_max_num_timeout": self.max_num_timeout}
        executor = AutoExecutor(folder=self.folder, cluster=self.cluster, **often)
        executor.update_parameters(**as_arguments(self.parameters))
        with ignore(signal.SIGINT), executor.batch():  # new processes inherit it
            queued = {executor.submit(Submission(job)): job for job in jobs}
        said = ""
        try:
            while queued and self.stopping is None:
                time.sleep(self.poll_seconds)
                for each in [each for each in queued if has_ended(each)]:
                    yield queued.pop(each), outcome(each)
                if queued and (states := count_states(queued)) != said:
                    log.info(said := states)
        finally:
            end(queued, here=self.cluster == "local")


@contextmanager
def ignore(number: int) -> Iterator[None]:
    """Ignore a signal in this process, and in processes that the block starts."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


def end(jobs: "Collection[Job[JobOutcome]]", *, here: bool) -> None:
    """Cancel jobs; wait for those of this machine while they save their runs."""
    for job in jobs:
        if here:  # submitit would kill them after a second, with a traceback
            with suppress(ProcessLookupError):
                os.kill(int(job.job_id), signal.SIGTERM)
        else:
            job.cancel()
    until = time.monotonic() + LONGEST
    while here and time.monotonic() < until and not all(job.done() for job in jobs):
        time.sleep(0.1)


def has_ended(job: "Job[JobOutcome]") -> bool:
    """Say whether a job has ended; submitit would wait for a preempted job forever."""
    preempted = job.state == "PREEMPTED"
    return job.done(force_check=preempted) or (preempted and job.state == "PREEMPTED")


def count_states(jobs: "Collection[Job[JobOutcome]]") -> str:
    """Count jobs by their state: ``3 pending, 2 running``."""
    counts = Counter(job.state.lower() for job in jobs)
    return ", ".join(f"{counts[state]} {state}" for state in sorted(counts))


def outcome(job: "Job[JobOutcome]") -> JobOutcome:
    """Return how a job ended; a lost job has no result, but a message."""
    from submitit.core.utils import FailedJobError, UncompletedJobError

    with suppress(FailedJobError, UncompletedJobError):
        if job.done():  # submitit would wait for a preempted job
            return job.result()
    ended = JobOutcome()
    job.get_info(mode="force")
    print(
        f"error: job {job.job_id} was lost ({job.state.lower()}): its output is "
        f"in {job.paths.stderr}",
        file=ended.err,
    )
    return ended


class Submission:
    """A job that submitit queues, and queues again.

    It keeps the job's bytes, because a job that has started cannot be pickled.
    """

    def __init__(self, job: Callable[[], JobOutcome]) -> None:
        from cloudpickle import dumps

        self.job = dumps(job)

    def __call__(self) -> JobOutcome:
        from submitit import JobEnvironment

        if JobEnvironment().cluster == "local" and os.getpgrp() != os.getpid():
            os.setpgrp()  # Ctrl-C reaches the launcher, which signals its jobs
        try:
            with interrupt_on_signal():  # also while libraries are imported
                ended: JobOutcome = pickle.loads(self.job)()
            if isinstance(ended.stop, KeyboardInterrupt):
                raise ended.stop
        except KeyboardInterrupt:
            leave()
        return ended

    def checkpoint(self) -> Any:
        """Queue the job again; submitit calls this on Slurm's signal."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def leave() -> NoReturn:
    """End a job whose run was saved on a signal and continues later.

    The signal is raised again for submitit, which queues the job again if the signal
    says that the job is soon out of time. submitit ignores SIGTERM, which Slurm sends
    before it preempts or cancels a job. Such a job waits for Slurm to end it, because
    Slurm does not queue a job again that ends by itself.
    """
    from submitit import JobEnvironment

    # Slurm may kill the command that queues a job again, with the job's processes.
    with suppress(CalledProcessError):
        signal.raise_signal(Received.number)
    if JobEnvironment().cluster == "slurm":
        time.sleep(GRACE)
    sys.exit(exit_code())
