"""The launcher of ``hydra/launcher=vectorized``: it trains runs as one network."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn

from litmlp.engine.sweep.job_launcher import JobLauncher
from litmlp.engine.sweep.parallel_launcher import ParallelLauncher
from litmlp.engine.vectorized import LEAST
from litmlp.errors import UserError

if TYPE_CHECKING:
    from litmlp.engine.sweep.process_pool import Slot


class VectorizedLauncher(JobLauncher):
    """Stacks runs of one shape into one network; trains other runs one by one."""

    def __init__(
        self,
        *,
        workers: str = "local",
        processes: int | None = None,
        max_members: int = 64,
        num_threads: int | None = None,
        ray: ParallelLauncher | None = None,
        submitit: ParallelLauncher | None = None,
    ) -> None:
        self.workers = workers
        self.processes = processes
        self.max_members = max_members
        self.num_threads = num_threads
        self._senders = {"local": None, "ray": ray, "submitit": submitit}
        self._slots: list[Slot] = []

    def setup(self, **given: Any) -> None:
        self._check_settings()
        super().setup(**given)
        if sender := self._senders[self.workers]:
            sender.setup(**given)

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        self.prepare(job_overrides)
        sender = self._senders[self.workers]
        slots = [] if sender else self._other_processes(len(job_overrides))
        jobs = self.composed(job_overrides, initial_job_idx)
        # Imported here, because Hydra imports all launchers, and this takes seconds.
        from litmlp.engine.vectorized.train_groups import train_jobs

        train_jobs(
            jobs,
            max_members=self.max_members,
            num_threads=self.num_threads,
            slots=slots,
            sender=sender,
        )
        return [job.result for job in jobs]

    def _other_processes(self, jobs: int) -> "Sequence[Slot]":
        """Return the processes that so many runs need in addition to this one."""
        most = min(self.processes or jobs, self.num_threads or jobs, jobs // LEAST)
        if most < 2 or self.config.sweep.on_error == "stop":
            return []
        from joblib import cpu_count

        from litmlp.engine.sweep.process_pool import Slot, environments, visible_gpus

        if not self._slots:  # kept, since a search launches many times
            gpus = [] if self.config.trainer.accelerator == "cpu" else visible_gpus()
            count = min(self.processes or len(gpus) or cpu_count(), most)
            _, *own = environments(count, cores=cpu_count(), gpus=gpus, gpus_per_run=1)
            self._slots = [Slot(environment | PLAIN) for environment in own]
            for slot in self._slots:
                slot.submit(import_training)
        return self._slots[: most - 1]

    def _check_settings(self) -> None:
        if self.workers not in self._senders:
            raise UserError(
                f"hydra.launcher.workers={self.workers}: allowed are "
                "local, ray and submitit"
            )
        for name in ("processes", "max_members", "num_threads"):
            value = getattr(self, name)
            if value is None and name != "max_members":
                continue
            if type(value) is not int or value < 1:
                raise UserError(f"hydra.launcher.{name}={value}: expected 1 or more")


PLAIN = {"TTY_COMPATIBLE": "0"}
"""Environment in which rich shows no bars, since several processes share a terminal."""


def import_training() -> None:
    """Import what training needs, which takes seconds."""
    import litmlp.engine.vectorized.train_groups  # noqa: F401  # for its time alone
