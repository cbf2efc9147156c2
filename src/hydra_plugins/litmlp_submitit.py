"""The launcher that Hydra finds for ``hydra/launcher=submitit_slurm`` and ``…_local``.

One of our own on submitit's jobs: with the official hydra-submitit-launcher 1.2 a job
that is lost ends the sweep, and nothing is said of any before all are done.
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
from litmlp.engine.sweep.parallel import (
    Arrivals,
    Ended,
    ParallelLauncher,
    SentJob,
    as_arguments,
)

if TYPE_CHECKING:
    from submitit import Job

log = logging.getLogger(__name__)

GRACE = 600.0
"""Seconds that Slurm has to end a job after it has announced it."""

LONGEST = 20.0
"""Seconds that jobs of this machine have to end by themselves."""


class SubmititLauncher(ParallelLauncher):
    """Trains members of a sweep as jobs of a Slurm cluster, or of this machine.

    A job that is preempted or out of time is queued again and goes on in its folder.

    Args:
        cluster: ``slurm``, or ``local`` to try it: all jobs at once.
        folder: where submitit keeps its scripts, logs and pickles.
        poll_seconds: how often to look for jobs that have ended.
        max_num_timeout: how often a job that is out of time is queued again.
        parameters: submitit's, by its own names.
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

    def train(self, jobs: list[SentJob]) -> Arrivals:
        from submitit import AutoExecutor

        often = {f"{self.cluster}_max_num_timeout": self.max_num_timeout}
        executor = AutoExecutor(folder=self.folder, cluster=self.cluster, **often)
        executor.update_parameters(**as_arguments(self.parameters))
        with ignored(signal.SIGINT), executor.batch():  # as what is begun within does
            queued = {executor.submit(Submission(job)): job for job in jobs}
        said = ""
        try:
            while queued and self.stopping is None:
                time.sleep(self.poll_seconds)
                for each in [each for each in queued if has_ended(each)]:
                    yield queued.pop(each), outcome(each)
                if queued and (states := how_many(queued)) != said:
                    log.info(said := states)
        finally:
            end(queued, here=self.cluster == "local")


@contextmanager
def ignored(number: int) -> Iterator[None]:
    """Within the block a signal is nothing to this process and those that it begins."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


def end(jobs: "Collection[Job[Ended]]", *, here: bool) -> None:
    """Cancel jobs; those of this machine are waited for while they save their runs."""
    for job in jobs:
        if here:  # submitit would give them a second, and show where it hit them
            with suppress(ProcessLookupError):
                os.kill(int(job.job_id), signal.SIGTERM)
        else:
            job.cancel()
    until = time.monotonic() + LONGEST
    while here and time.monotonic() < until and not all(job.done() for job in jobs):
        time.sleep(0.1)


def has_ended(job: "Job[Ended]") -> bool:
    """Whether it has; submitit would wait for one that is preempted for good."""
    preempted = job.state == "PREEMPTED"
    return job.done(force_check=preempted) or (preempted and job.state == "PREEMPTED")


def how_many(jobs: "Collection[Job[Ended]]") -> str:
    """What the engine says of jobs that have not ended: ``3 pending, 2 running``."""
    counts = Counter(job.state.lower() for job in jobs)
    return ", ".join(f"{counts[state]} {state}" for state in sorted(counts))


def outcome(job: "Job[Ended]") -> Ended:
    """How a job ended; one that was lost has no result, but says why."""
    from submitit.core.utils import FailedJobError, UncompletedJobError

    with suppress(FailedJobError, UncompletedJobError):
        if job.done():  # else it was preempted, and submitit would wait
            return job.result()
    ended = Ended()
    job.get_info(mode="force")  # of its state
    print(
        f"error: job {job.job_id} was lost ({job.state.lower()}): what it said is "
        f"in {job.paths.stderr}",
        file=ended.err,
    )
    return ended


class Submission:
    """A job as submitit queues it, and queues it again.

    Its bytes are kept, since a job that has begun cannot be pickled.

    Args:
        job: to be called.
    """

    def __init__(self, job: Callable[[], Ended]) -> None:
        from cloudpickle import dumps

        self.job = dumps(job)

    def __call__(self) -> Ended:
        from submitit import JobEnvironment

        if JobEnvironment().cluster == "local":
            os.setpgrp()  # Ctrl-C is for the launcher, which has its jobs save
        try:
            with interrupt_on_signal():  # also while libraries are loaded
                ended: Ended = pickle.loads(self.job)()
            if isinstance(ended.stop, KeyboardInterrupt):
                raise ended.stop
        except KeyboardInterrupt:
            leave()
        return ended

    def checkpoint(self) -> Any:
        """Called on a signal that comes before the job is ended."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


def leave() -> NoReturn:
    """End a job whose run was saved on a signal, and is to go on another time.

    The signal is passed on to submitit: of the one that comes before a job is out of
    time it queues the job again. SIGTERM it ignores, which Slurm sends before it
    preempts or cancels a job: one that ends by itself then is not queued again.
    """
    from submitit import JobEnvironment

    # Slurm may end the command that queues a job again with the job's processes.
    with suppress(CalledProcessError):
        signal.raise_signal(Received.number)
    if JobEnvironment().cluster == "slurm":
        time.sleep(GRACE)
    sys.exit(exit_code())
