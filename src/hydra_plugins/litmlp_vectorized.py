"""Hydra's launcher that trains a sweep's jobs together: hydra/launcher=vectorized."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hydra.core.utils import JobReturn

from litmlp.engine.sweep.jobs import JobLauncher
from litmlp.engine.vectorized.dealing import LEAST
from litmlp.errors import UserError

if TYPE_CHECKING:
    from litmlp.engine.sweep.process_pool import Slot


class VectorizedLauncher(JobLauncher):
    """Stacks jobs of one shape into one network; runs the others one by one.

    Args:
        processes: the most that share the jobs; None for one a core, or one a GPU.
        max_members: the most jobs to train at once; None for as many as memory allows.
        num_threads: CPU threads of all processes; None for one each.
    """

    def __init__(
        self,
        *,
        processes: int | None = None,
        max_members: int | None = None,
        num_threads: int | None = None,
    ) -> None:
        self.processes = processes
        self.max_members = max_members
        self.num_threads = num_threads
        self._slots: list[Slot] = []

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        self._refuse_less_than_one()
        self.prepare()
        slots = self._other_processes(len(job_overrides))
        jobs = self.composed(job_overrides, initial_job_idx)
        # Imported here: Hydra looks at all launchers, whichever is used.
        from litmlp.engine.vectorized.launch import train_jobs

        train_jobs(
            jobs,
            max_members=self.max_members,
            num_threads=self.num_threads,
            slots=slots,
        )
        return [job.result for job in jobs]

    def _other_processes(self, jobs: int) -> "Sequence[Slot]":
        """Those beside this one that so many jobs need, ready or soon so."""
        most = min(self.processes or jobs, self.num_threads or jobs, jobs // LEAST)
        if most < 2 or self.config.sweep.on_error == "stop":
            return []
        if not self._slots:  # kept, since a search launches many times
            self._slots = self._make_slots(most)
        return self._slots[: most - 1]

    def _make_slots(self, most: int) -> "list[Slot]":
        from joblib import cpu_count

        from litmlp.engine.sweep.process_pool import Slot, environments, visible_gpus

        gpus = [] if self.config.trainer.accelerator == "cpu" else visible_gpus()
        count = min(self.processes or len(gpus) or cpu_count(), most)
        own = environments(count, cores=cpu_count(), gpus=gpus, gpus_a_run=1)
        slots = [Slot(own_environment | PLAIN) for own_environment in own[1:]]
        for slot in slots:
            slot.submit(import_training)
        return slots

    def _refuse_less_than_one(self) -> None:
        for name in ("processes", "max_members", "num_threads"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise UserError(
                    f"hydra.launcher.{name}={value}: expected 1 or more, or null"
                )


PLAIN = {"TTY_COMPATIBLE": "0"}
"""Tells rich to show no bars: the terminal is that of several processes."""


def import_training() -> None:
    """Load what training needs, which takes seconds."""
    import litmlp.engine.vectorized.launch  # noqa: F401  # for its time alone
