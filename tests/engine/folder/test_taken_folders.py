"""Folders that hold runs: nothing is lost, and unfinished runs are counted."""

from pathlib import Path

import pytest
from conftest import Run
from omegaconf import OmegaConf

from litmlp.engine.sweep.hooks import conclude_sweep
from litmlp.engine.sweep.launch_state import Launch

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=2")


def test_a_mistake_in_an_interrupted_runs_folder_removes_nothing(
    run: Run, tmp_path: Path
) -> None:
    here = f"hydra.run.dir={tmp_path}/here"
    run("train", here, *QUICK)
    path = tmp_path / "here" / "summary.json"
    path.write_text(path.read_text().replace('"done"', '"interrupted"'))
    assert run("train", here, "optimizer.lr=-1", *QUICK).code == 1
    assert path.is_file()
    assert (tmp_path / "here" / "checkpoints" / "best.ckpt").is_file()


@pytest.mark.parametrize(
    ("summary", "message"),
    [
        ('{"status": "running", "overrides": ["seed=1"]}', "interrupted"),
        ("{", "summary.json is broken"),
    ],
)
def test_a_killed_or_broken_run_counts_as_unfinished(
    summary: str, message: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "summary.json").write_text(summary)
    launch = Launch()
    config = OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}})
    conclude_sweep(launch, config)
    assert launch.failures == 1
    assert message in "".join(capfd.readouterr())
