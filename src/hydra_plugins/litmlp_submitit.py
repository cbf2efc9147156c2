"""The launcher that Hydra finds for ``hydra/launcher=submitit_slurm`` and ``…_local``.

One of our own on submitit's jobs: with the official hydra-submitit-launcher 1.2 a job
that is lost ends the sweep, and nothing is said of any before all are done.
"""

from typing import Any, Literal

from omegaconf import DictConfig

from litmlp.parallel import Arrivals, Ended, ParallelLauncher, SentJob, as_arguments


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
        from submitit.core.utils import FailedJobError, UncompletedJobError
        from submitit.helpers import as_completed

        often = {f"{self.cluster}_max_num_timeout": self.max_num_timeout}
        executor = AutoExecutor(folder=self.folder, cluster=self.cluster, **often)
        executor.update_parameters(**as_arguments(self.parameters))
        with executor.batch():
            submitted = {executor.submit(Submission(job)): job for job in jobs}
        try:
            for each in as_completed(list(submitted), poll_frequency=self.poll_seconds):
                try:
                    ended = each.result()
                except (FailedJobError, UncompletedJobError):
                    ended = None
                yield submitted.pop(each), ended
                if self.stopping is not None:
                    return
        finally:
            for each in submitted:
                each.cancel()


class Submission:
    """A job as submitit queues it, and queues it again."""

    def __init__(self, job: SentJob) -> None:
        self.job = job

    def __call__(self) -> Ended:
        ended = self.job()
        if ended.stop is not None and isinstance(ended.stop.__cause__, SystemExit):
            raise ended.stop.__cause__  # how submitit leaves a job that is to go on
        return ended

    def checkpoint(self) -> Any:
        """Called on a signal that comes before the job is ended."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)
