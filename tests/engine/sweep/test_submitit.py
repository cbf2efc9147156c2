"""Jobs of submitit are reported, queued again, and lost without harm to others."""

import os
import re
import signal
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CalledProcessError
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Begin
from launched import (
    begun_again,
    children,
    reported_runs,
    run_folders,
    status,
    wait_until,
)

from hydra_plugins.litmlp_submitit import GRACE, Submission, has_ended, outcome
from litmlp.engine.sweep.parallel_launcher import JobOutcome

LOCAL = ("hydra/launcher=submitit_local", "data=iris", "trainer=cpu")
LONG = ("trainer.max_epochs=600", "callbacks=minimal", "logger=none")
OFTEN = "callbacks.checkpoint.every_seconds=0.1"


@pytest.mark.slow
def test_a_job_is_queued_again_and_a_lost_one_leaves_the_others_alone(
    begin: Begin, tmp_path: Path
) -> None:
    command = (*LOCAL, *LONG, OFTEN, "seed=0,1,2")
    sweep = begin(*command)
    wait_until(lambda: len([*tmp_path.glob("sweep/*/checkpoints/last.ckpt")]) == 3)
    preempted, killed, _ = [task for c in children(sweep.pid) for task in children(c)]
    os.kill(preempted, signal.SIGUSR2)
    os.kill(killed, signal.SIGKILL)
    out, _ = sweep.communicate(timeout=300)
    assert sweep.returncode == 1, out
    assert len(reported_runs(out)) == 2
    assert re.search(r"error: job \d+ was lost \(finished\): its output is in /", out)
    folders = run_folders(tmp_path / "sweep").values()
    found = sorted(status(folder) for folder in folders)
    assert found == ["done", "done", "interrupted"]
    (went_on,) = (n for folder in folders for n in begun_again(folder))
    assert 0 < went_on < 1800
    again = begin(*command, "sweep.resume=sweep")
    out, _ = again.communicate(timeout=300)
    assert again.returncode == 0, out
    assert "3 runs: 2 done (skipped), 1 interrupted (goes on)" in out
    assert [status(folder) for folder in folders] == ["done"] * 3


@dataclass
class StandIn:
    """A job as Slurm tells of it; ``then`` is its state once it is asked anew."""

    state: str
    then: str
    job_id: str = "7"
    paths: Any = field(default_factory=lambda: SimpleNamespace(stderr="7_log.err"))

    def get_info(self, mode: str) -> None:
        self.state = self.then

    def done(self, force_check: bool = False) -> bool:
        if force_check:
            self.get_info(mode="force")
        return self.state in ("COMPLETED", "FAILED")

    def result(self) -> JobOutcome:
        return JobOutcome()


@pytest.mark.parametrize("then", ["PREEMPTED", "REQUEUED", "COMPLETED"])
def test_a_job_that_is_preempted_for_good_is_lost_and_not_waited_for(then: str) -> None:
    job: Any = StandIn("PREEMPTED", then)
    assert has_ended(job) == (then != "REQUEUED")
    if has_ended(job):
        said = outcome(job).err.getvalue()
        assert ("was lost (preempted)" in said) == (then == "PREEMPTED")


def interrupted() -> JobOutcome:
    """A job that a signal reaches before its run begins."""
    signal.raise_signal(signal.SIGTERM)
    return JobOutcome()


@pytest.mark.parametrize(("cluster", "waits"), [("slurm", [GRACE]), ("local", [])])
@pytest.mark.parametrize("error", [None, CalledProcessError(-15, "scontrol requeue")])
def test_a_saved_run_leaves_its_end_to_slurm(
    error: Exception | None,
    cluster: str,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []
    monkeypatch.setenv("SUBMITIT_EXECUTOR", cluster)
    monkeypatch.setattr("time.sleep", waited.append)
    heard: list[int] = []

    def handler(number: int, frame: object) -> None:
        heard.append(number)
        if error:
            raise error

    before = signal.signal(signal.SIGTERM, handler)
    try:
        with pytest.raises(SystemExit) as end:
            Submission(interrupted)()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]
    assert waited == waits
    assert end.value.code == 143
