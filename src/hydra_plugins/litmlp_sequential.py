"""The launcher of ``hydra/launcher=sequential``, the default of ``litmlp train``.

Hydra's own launcher copies configs for a quarter of the time of a small run.
"""

import logging
from collections.abc import Sequence

from hydra.core.utils import JobReturn

from litmlp.engine.sweep.job_launcher import JobLauncher

log = logging.getLogger(__name__)


class SequentialLauncher(JobLauncher):
    """Trains the runs of a sweep one after the other, in this process."""

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        self.prepare(job_overrides)
        results = []
        for job in self.compose(job_overrides, initial_job_idx):
            log.info(job.title)
            results.append(job.run())
            self.log_as_launcher()
        return results
