"""A sweep whose process is killed, again and again, trains each run once."""

import json
import random
import re
import signal
from pathlib import Path

import pytest
from launched import SAID, attempts, launched, steps

QUICK = (
    *("data=iris", "trainer=cpu", "trainer.max_epochs=40", "model.hidden_sizes=[4]"),
    *("callbacks=minimal", "callbacks.checkpoint.every_epochs=1", "logger=csv"),
)
STEPS_AN_EPOCH = 3
LONGEST = 40 * STEPS_AN_EPOCH

Files = dict[str, tuple[bytes, int]]


def done(sweep: Path) -> dict[str, Files]:
    """All files of the runs that are done, and when they were written."""
    paths = sweep.glob("*/summary.json")
    return {
        path.parent.name: {
            str(file): (file.read_bytes(), file.stat().st_mtime_ns)
            for file in path.parent.rglob("*")
            if file.is_file()
        }
        for path in paths
        if json.loads(path.read_text())["status"] == "done"
    }


def assert_each_went_on(home: Path) -> int:
    """No step is trained twice but those since a checkpoint; returns the attempts."""
    count = 0
    for trained in steps(home).values():
        first, *others = attempts(trained)
        assert first.start == 0
        before = first
        for again in others:
            # A checkpoint each epoch; one may have been written to when it was killed.
            assert before.stop - again.start <= 2 * STEPS_AN_EPOCH
            assert again.start % STEPS_AN_EPOCH == 0
            before = again
        assert before.stop == LONGEST
        count += 1 + len(others)
    return count


@pytest.mark.slow
def test_a_sweep_that_is_killed_again_and_again_goes_on(tmp_path: Path) -> None:
    moments = random.Random(0)
    seeds, before = "seed=-1,0,1", {}
    command = ("-m", *QUICK, "hydra.sweep.dir=sweep", seeds)
    for _ in range(3):
        seconds = moments.uniform(0.0, 0.5)
        assert launched(tmp_path, *command, killed_after=seconds) == -signal.SIGKILL
        now = done(tmp_path / "sweep")
        assert {name: now[name] for name in before} == before
        before = now
        command = ("-m", *QUICK, "sweep.resume=sweep", seeds)
    assert launched(tmp_path, *command[:-1], f"{seeds},2") == 1
    now = done(tmp_path / "sweep")
    assert len(now) == 3
    assert {name: now[name] for name in before} == before
    assert assert_each_went_on(tmp_path) > 3
    said = (tmp_path / SAID).read_text()
    assert re.search(r"4 runs: .*1 failed \(trained anew\), \d new", said)
    assert "seed=-1: must be 0 or more" in said
