"""The launcher of ``hydra/launcher=ray``.

The official hydra-ray-launcher 1.2 cannot join a running cluster, because it always
asks for a size of the object store, and with it a lost run ends the sweep.
"""

import signal

from omegaconf import DictConfig

from litmlp.engine.sweep.parallel_launcher import (
    JobOutcome,
    Outcomes,
    ParallelLauncher,
    SentJobs,
    as_arguments,
)

GRACE = 20.0
"""Seconds that interrupted runs have to save their state and end."""


class RayLauncher(ParallelLauncher):
    """Trains the runs of a sweep on one machine or on a cluster.

    A run whose node is lost continues on another node, in its own folder. All nodes
    must see the launcher's working directory under the same path.
    """

    package = "ray"

    def __init__(self, *, init: DictConfig, remote: DictConfig) -> None:
        self.init = init
        self.remote = remote

    def train(self, jobs: list[SentJobs]) -> Outcomes:
        import ray
        from ray.exceptions import RayError, RayTaskError

        if not ray.is_initialized():
            before = signal.getsignal(signal.SIGTERM)
            ray.init(**as_arguments(self.init))
            # Ray's own handler leaves the runs alone.
            signal.signal(signal.SIGTERM, before)
        call = ray.remote(**as_arguments(self.remote))(call_job)
        waiting = {call.remote(job): job for job in jobs}
        try:
            while waiting and self.stopping is None:
                (reference, *_), _ = ray.wait(list(waiting))
                job = waiting.pop(reference)
                try:
                    ended = ray.get(reference)
                except RayTaskError:  # an error of this program, not a lost run
                    raise
                except RayError:
                    ended = None
                yield job, ended
        finally:
            for reference in waiting:
                ray.cancel(reference)
            if waiting:
                ray.wait(list(waiting), num_returns=len(waiting), timeout=GRACE)


def call_job(job: SentJobs) -> JobOutcome:
    """Call a run in one of Ray's workers."""
    return job()
