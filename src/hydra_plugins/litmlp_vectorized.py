"""Hydra's launcher that trains a sweep's jobs together: hydra/launcher=vectorized."""

from collections.abc import Sequence
from pathlib import Path

from hydra.core.utils import JobReturn, configure_log, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from litmlp.errors import UserError


class VectorizedLauncher(Launcher):
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

    def setup(
        self,
        *,
        hydra_context: HydraContext,
        task_function: TaskFunction,
        config: DictConfig,
    ) -> None:
        self.context, self.task, self.config = hydra_context, task_function, config

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        self._refuse_less_than_one()
        # Imported here: Hydra looks at all launchers, whichever is used.
        from litmlp.jobs import compose_jobs
        from litmlp.vectorized.training import train_jobs

        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        Path(self.config.hydra.sweep.dir).mkdir(parents=True, exist_ok=True)
        jobs = [
            *compose_jobs(
                self.config, self.context, self.task, job_overrides, initial_job_idx
            )
        ]
        train_jobs(jobs, max_members=self.max_members, num_threads=self.num_threads)
        return [job.result for job in jobs]

    def _refuse_less_than_one(self) -> None:
        given = {"max_members": self.max_members, "num_threads": self.num_threads}
        for name, value in given.items():
            if value is not None and (type(value) is not int or value < 1):
                raise UserError(
                    f"hydra.launcher.{name}={value}: expected 1 or more, or null"
                )
