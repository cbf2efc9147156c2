"""The launcher of ``hydra/launcher=joblib``.

With the official hydra-joblib-launcher 1.2 a killed process ends the sweep, and the
output of all runs is mixed.
"""

from typing import TYPE_CHECKING, Any

from litmlp.engine.sweep.parallel_launcher import Outcomes, ParallelLauncher, SentJobs
from litmlp.errors import UserError

if TYPE_CHECKING:
    from litmlp.engine.sweep.process_pool import Slot


class JoblibLauncher(ParallelLauncher):
    """Trains runs in processes of this machine, each with a GPU of its own."""

    def __init__(self, *, n_jobs: int) -> None:
        self.n_jobs = n_jobs
        self._slots: list[Slot] = []

    def setup(self, **given: Any) -> None:
        if type(self.n_jobs) is not int or (self.n_jobs < 1 and self.n_jobs != -1):
            raise UserError(
                f"hydra.launcher.n_jobs={self.n_jobs}: expected 1 or more, or -1"
            )
        super().setup(**given)

    def train(self, jobs: list[SentJobs]) -> Outcomes:
        from joblib import cpu_count

        from litmlp.engine.sweep.process_pool import (
            Slot,
            call_all,
            environments,
            visible_gpus,
        )

        if not self._slots:  # kept, since a search launches many times
            trainer = self.config.trainer
            devices = trainer.devices
            own = environments(
                cpu_count() if self.n_jobs == -1 else self.n_jobs,
                cores=cpu_count(),
                gpus=[] if trainer.accelerator == "cpu" else visible_gpus(),
                gpus_per_run=devices if type(devices) is int and devices > 0 else 1,
            )
            self._slots = [Slot(environment) for environment in own]
        yield from call_all(jobs, self._slots, lambda: self.stopping is None)
