"""Hydra's launcher that trains a sweep's jobs together: hydra/launcher=vectorized."""

from collections.abc import Sequence

from hydra.core.utils import JobReturn

from litmlp.errors import UserError
from litmlp.jobs import JobLauncher


class VectorizedLauncher(JobLauncher):
    """Stacks jobs of one shape into one network; runs the others one by one.

    Args:
        max_members: the most jobs to train at once; None for as many as memory allows.
        num_threads: CPU threads for the stacked network; None for all cores.
    """

    def __init__(
        self, *, max_members: int | None = None, num_threads: int | None = None
    ) -> None:
        self.max_members = max_members
        self.num_threads = num_threads

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        self._refuse_less_than_one()
        # Imported here: Hydra looks at all launchers, whichever is used.
        from litmlp.vectorized.training import train_jobs

        self.prepare()
        jobs = list(self.compose(job_overrides, initial_job_idx))
        train_jobs(jobs, max_members=self.max_members, num_threads=self.num_threads)
        return [job.result for job in jobs]

    def _refuse_less_than_one(self) -> None:
        given = {"max_members": self.max_members, "num_threads": self.num_threads}
        for name, value in given.items():
            if value is not None and (type(value) is not int or value < 1):
                raise UserError(
                    f"hydra.launcher.{name}={value}: expected 1 or more, or null"
                )
