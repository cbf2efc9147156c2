"""Commands of sweeps: no empty axis, a folder per run, the sweep that is meant."""

import json
from pathlib import Path

import pytest
from conftest import Run

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=1", "callbacks=minimal")
QUIET = (*QUICK, "logger=none", "model.hidden_sizes=[4]")


@pytest.mark.parametrize(
    ("axes", "line"),
    [
        (["seed=range(5,1)"], "seed=range(5,1) has no value"),
        (["seed=0,1", "activation=glob(zz*)"], "glob(zz*) has no value"),
        (["hydra/sweeper=optuna", "seed=range(5,1)"], "seed=range(5,1) has no value"),
        (["seed=0,1", "hydra.sweep.subdir=x"], "=x: two different runs in one folder"),
    ],
)
def test_sweep_that_trains_nothing_or_overwrites_its_runs_is_an_error(
    axes: list[str], line: str, run: Run, tmp_path: Path
) -> None:
    ended = run("train", "-m", *axes, *QUIET)
    assert ended.code == 1
    assert line in ended.err
    assert ended.err.count("\n") == 1
    assert not list(tmp_path.glob("logs/**/*.yaml"))


def test_folders_may_be_numbers_and_a_resumed_sweep_keeps_them(
    run: Run, tmp_path: Path
) -> None:
    numbers = ("hydra.sweep.dir=s", "hydra.sweep.subdir=${hydra.job.num}", *QUIET)
    assert run("train", "-m", "optimizer.lr=-1,0.1,0.2", *numbers).code == 1
    found = {path.parent.name: path for path in (tmp_path / "s").glob("*/summary.json")}
    rates = {n: json.loads(found[n].read_text())["overrides"][0] for n in found}
    assert rates == {str(n): f"optimizer.lr={r}" for n, r in enumerate([-1, 0.1, 0.2])}
    before = found["2"].read_bytes()
    assert run("train", "-m", "optimizer.lr=-1,0.1,0.2", *numbers).code == 1
    assert found["2"].read_bytes() == before
    ended = run("train", "-m", "optimizer.lr=0.3,0.1,0.2", *numbers)
    assert "2/3" in ended.out or "3 runs: 2 done (skipped)" in ended.out
    ended = run("train", "-m", "optimizer.lr=0.1,0.2,0.3", *numbers)
    assert "two different runs in one folder" in ended.err


def test_value_of_an_option_that_varies_is_a_value_of_each_run(
    run: Run, tmp_path: Path
) -> None:
    axes = ("scheduler=step,multistep", "scheduler.gamma=0.3")
    assert run("train", "-m", *axes, *QUIET).code == 0
    saved = [p.read_text() for p in tmp_path.glob("logs/*/sweeps/*/*/.hydra/config*")]
    assert len(saved) == 2
    assert all("gamma: 0.3" in text for text in saved)
    ended = run("train", "-m", "scheduler=step,constant", *axes[1:], *QUIET)
    assert "scheduler.gamma: scheduler=constant has no such key" in ended.err


def test_latest_sweep_is_refused_if_it_is_of_another_question(
    run: Run, tmp_path: Path
) -> None:
    assert run("train", "-m", "seed=0,1", *QUIET).code == 0
    latest = ("-m", "sweep.resume=latest", *QUIET)
    ended = run("train", *latest, "activation=tanh,gelu")
    assert ended.code == 1
    assert "has no run of this command: to add runs to it nevertheless, give" in (
        ended.err
    )
    assert len(list(tmp_path.glob("logs/*/sweeps/*/*/summary.json"))) == 2
    assert "2 done (skipped), 1 new" in run("train", *latest, "seed=0,1,2").out
    given = ended.err.split("sweep.resume=")[-1].strip()
    ended = run("train", "-m", f"sweep.resume={given}", *QUIET, "activation=tanh,gelu")
    assert ended.code == 0
