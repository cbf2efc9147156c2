"""The differences of two runs are shown: options, rows, versions."""

import json
from pathlib import Path

from conftest import Run

QUICK = ["data=iris", "trainer=cpu", "trainer.max_epochs=1", "callbacks=minimal"]


def test_two_runs_are_compared(run: Run, tmp_path: Path) -> None:
    assert run("train", *QUICK, "logger=csv", "hydra.run.dir=a").code == 0
    again = run("train", *QUICK, "logger=csv", "hydra.run.dir=b")
    assert again.code == 0, again.err
    same = run("report", "compare=[a,b]")
    assert "the same config, data, versions, hardware" in same.out, same.err
    other = ["data.split_seed=1", "optimizer.lr=0.5", "hydra.run.dir=c"]
    assert run("train", *QUICK, "logger=csv", *other).code == 0
    path = tmp_path / "c" / "summary.json"
    summary = json.loads(path.read_text())
    summary["versions"]["torch"] = "1.0"
    path.write_text(json.dumps(summary))
    told = run("report", "compare=[a,c]").out
    keys = ["config.optimizer.lr", "config.data.split_seed", "data.splits"]
    for key in (*keys, "versions.torch"):
        assert key in told
    assert "data.values" not in told


def test_a_comparison_is_of_two(run: Run) -> None:
    assert "expected two folders" in run("report", "compare=[a]").err
    assert "holds no run" in run("report", "compare=[a,b]").err
    assert "runs is needed" in run("report").err
