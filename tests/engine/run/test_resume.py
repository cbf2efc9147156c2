"""A run that was killed and goes on ends as if it had never been interrupted."""

import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from interrupted import At, broken_off, curves, differences, killed, run

from litmlp.engine.folder import run_folder

STOPS_EARLY = (
    *("data=iris", "data.batch_size=20", "trainer=cpu", "trainer.max_epochs=30"),
    *("dropout=dropout", "dropout.p=0.3", "optimizer.lr=0.05"),
    "callbacks.early_stopping.patience=2",
    "callbacks.diagnosis.every_epochs=2",
    "callbacks.checkpoint.every_iterations=3",
    "scheduler=reduce_on_plateau",
)
"""96 rows in five batches, the last of 16."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    run(folder, *STOPS_EARLY)
    return folder


POINTS = {
    "start-up": At("build_model"),
    "first batch": At("Supervised.training_step"),
    "mid-epoch": At("Supervised.training_step", 8),
    "last batch": At("Supervised.training_step", 10),
    "after a step": At("Supervised.on_train_batch_end", 14),
    "validation": At("MeasuredModule.validation_step", 3),
    "end of an epoch": At("Supervised.on_train_epoch_end", 2, "return"),
    "checkpoint is written": At("write", 3),
    "checkpoint takes its place": At("promote", 3),
    "second checkpoint is renamed": At("sync", 10),
    "logger flush": At("MetricsCSV._write", 2),
    "early stop": At("BestAndLast.on_train_end"),
    "fit is over": At("BestAndLast.on_fit_end", 1, "return"),
    "test": At("MeasuredModule.test_step"),
    "loggers are closed": At("close_loggers"),
    "summary": At("write_summary", 2),
}


NEXT_TO_ANOTHER = (
    *("first batch", "last batch", "after a step", "second checkpoint is renamed"),
    *("logger flush", "early stop", "fit is over", "loggers are closed"),
    *("end of an epoch", "checkpoint takes its place"),
)


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name in NEXT_TO_ANOTHER))
        for name in POINTS
    ],
)
def test_a_run_killed_anywhere_ends_as_if_it_never_was(
    point: str, whole: Path, tmp_path: Path
) -> None:
    killed(POINTS[point], tmp_path, *STOPS_EARLY)
    assert run_folder.read_summary(tmp_path)["status"] == "interrupted"
    run(tmp_path, *STOPS_EARLY)
    assert differences(whole, tmp_path) == []


SIGNALS = {
    "first batch": signal.SIGINT,
    "last batch": signal.SIGTERM,
    "validation": signal.SIGTERM,
    "checkpoint is written": signal.SIGINT,
    "test": signal.SIGTERM,
}


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name in ("last batch", "test")))
        for name in SIGNALS
    ],
)
def test_a_run_that_a_signal_ends_goes_on_as_if_it_never_came(
    point: str, whole: Path, tmp_path: Path
) -> None:
    killed(POINTS[point], tmp_path, *STOPS_EARLY, by=SIGNALS[point])
    assert run_folder.read_summary(tmp_path)["status"] == "interrupted"
    run(tmp_path, *STOPS_EARLY)
    assert differences(whole, tmp_path) == []


CHOICES = {
    "batchnorm, accumulation, one cycle a step, validation now and then": (
        *("data=wine", "batchnorm=before_activation", "scheduler=one_cycle"),
        *("dropout=dropout", "trainer.accumulate_grad_batches=2"),
        "+trainer.check_val_every_n_epoch=2",
    ),
    "float64, L-BFGS, a limit of time": (
        *("data=diabetes", "trainer.precision=64-true", "optimizer=lbfgs"),
        "trainer.max_time=00:01:00:00",
    ),
    "pictures, momentum, restarts, epochs below the curves": (
        *("data=circle", "callbacks=full", "optimizer=momentum", "data.batch_size=50"),
        *("scheduler=cosine_warm_restarts", "logger.x_axis=epoch"),
    ),
    "tables of the first iterations, no validation rows": (
        *("data=iris", "callbacks=worked_example", "model.hidden_sizes=[2]"),
        *("data.validation_share=0", "data.batch_size=2", "logger.x_axis=samples"),
        *("callbacks.neuron_table.max_lines=99", "callbacks.weight_table.max_lines=99"),
    ),
}


@pytest.mark.parametrize("choices", CHOICES)
def test_whatever_is_trained_goes_on_to_the_bit(
    choices: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = ("trainer=cpu", "trainer.max_epochs=4")
    often = "callbacks.checkpoint.every_iterations=2"
    command = (*quick, often, *CHOICES[choices])
    run(tmp_path / "whole", *command)
    broken_off(monkeypatch, tmp_path / "broken", *command)
    run(tmp_path / "broken", *command)
    assert differences(tmp_path / "whole", tmp_path / "broken") == []


QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=6", "data.batch_size=20")


def test_curves_have_neither_gap_nor_double_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (*QUICK, "logger.x_axis=epoch", "callbacks.checkpoint.every_iterations=2")
    for nth in (8, 4, 13):  # twice in one epoch, then a later one
        broken_off(monkeypatch, tmp_path, *command, nth=nth)
    run(tmp_path, *command)
    assert [step for step, _ in curves(tmp_path)["loss/train"]] == [1, 2, 3, 4, 5, 6]
    with (tmp_path / "metrics.csv").open(newline="") as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == [*range(0, 31, 5)]
    assert len(list(tmp_path.glob("events.out.tfevents.*"))) > 1


@pytest.mark.slow
def test_two_processes_go_on_as_one_run(tmp_path: Path) -> None:
    command = (*QUICK, "trainer=ddp", "trainer.accelerator=cpu", "dropout=dropout")
    often = ("callbacks.checkpoint.every_iterations=4", "scheduler=step")
    script = [sys.executable, str(ROOT / "scripts" / "train.py"), *command, *often]
    subprocess.run([*script, "hydra.run.dir=whole"], cwd=tmp_path, check=True)
    process = subprocess.Popen([*script, "hydra.run.dir=broken"], cwd=tmp_path)
    while not (tmp_path / "broken" / "checkpoints" / "last.ckpt").exists():
        assert process.poll() is None
        time.sleep(0.001)
    for child in subprocess.check_output(["pgrep", "-P", str(process.pid)]).split():
        os.kill(int(child), signal.SIGKILL)
    process.kill()
    process.wait()
    resume = [*script[:2], "resume=broken"]
    subprocess.run(resume, cwd=tmp_path, check=True)
    apart = differences(tmp_path / "whole", tmp_path / "broken")
    # Python seeds its own generator anew in a forked process.
    assert [difference for difference in apart if "/python" not in difference] == []


@pytest.mark.slow
def test_hundreds_of_random_points(whole: Path, tmp_path: Path) -> None:
    points = random.Random(0)
    for trial in range(200):
        folder = tmp_path / str(trial)
        for _ in range(points.choice([1, 1, 2])):
            near = POINTS[points.choice([*POINTS])]
            later = int(10 ** points.uniform(0, 4))
            killed(replace(near, later=later), folder, *STOPS_EARLY)
        run(folder, *STOPS_EARLY)
        assert differences(whole, folder) == [], f"trial {trial}"
        shutil.rmtree(folder)
