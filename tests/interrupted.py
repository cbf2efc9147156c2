"""Runs that are killed at a chosen point, and the differences of two runs."""

import csv
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch
from conftest import CONF
from hydra import compose, initialize_config_dir
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from litmlp.engine.process.signals import exit_code
from litmlp.engine.run.train import train
from litmlp.supervised import Supervised

TIMES = (
    *("samples_per_second", "seconds", "wall_seconds", "started", "time_elapsed"),
    "epoch",
)
"""What no two runs share; ``epoch`` is that of the throughput."""

CLEAN = multiprocessing.get_context("forkserver")
"""Forks from a process without threads, whose locks a child would find locked."""
CLEAN.set_forkserver_preload(["litmlp.engine.run.train", "litmlp.engine.search.search"])


@dataclass(frozen=True)
class At:
    """When a function is entered (or left: ``return``) for the nth time."""

    function: str
    nth: int = 1
    event: str = "call"


def run(folder: Path, *overrides: str) -> float:
    """Train in a folder, as by the command with these overrides."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return train(compose("train", [f"folder={folder}", *overrides]))


def killed(
    point: At, folder: Path, *overrides: str, by: signal.Signals = signal.SIGKILL
) -> None:
    """Train in a process that gets a signal at a point, and ends by it."""
    child = CLEAN.Process(target=_run_until, args=(point, by, folder, *overrides))
    child.start()
    child.join(60)
    ended = -by if by == signal.SIGKILL else 128 + by
    assert child.exitcode == ended, "the point was not reached"


def _run_until(point: At, by: signal.Signals, folder: Path, *overrides: str) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    count = 0

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        if frame.f_code.co_qualname != point.function:
            return None
        frame.f_trace_lines = False
        if event == point.event:
            count += 1
            if count == point.nth:
                os.kill(os.getpid(), by)
        return watch  # of this call, to see its return

    sys.settrace(watch)  # a profile would be told of C's functions, too
    try:
        run(folder, *overrides)
    except KeyboardInterrupt:
        sys.exit(exit_code())


def broken_off(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *overrides: str, nth: int = 8
) -> None:
    """A run whose nth training step fails."""
    step, calls = Supervised.training_step, iter(range(1, nth))

    def failing(self: Supervised, *arguments: Any) -> Any:
        if next(calls, None) is None:
            raise ZeroDivisionError
        return step(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Supervised, "training_step", failing)
        with pytest.raises(ZeroDivisionError):
            run(folder, *overrides)


def killed_after(calls: int, point: At, folder: Path, *overrides: str) -> str:
    """Train in a process that dies after ``calls`` calls of functions from a point on.

    Returns what it was doing; ``done`` if it came to its end before.
    """
    phase = folder.with_suffix(".phase")
    phase.write_text("done")
    child = CLEAN.Process(target=_count, args=(calls, point, phase, folder, *overrides))
    child.start()
    child.join()
    return phase.read_text()


def _count(calls: int, point: At, phase: Path, folder: Path, *overrides: str) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    seen, count = 0, 0

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal seen, count
        if seen == point.nth:
            count += event == "call"
        elif frame.f_code.co_qualname == point.function:
            seen += event == point.event
            frame.f_trace_lines = False
            return watch
        if count == calls:
            phase.write_text(_phase(frame))
            os.kill(os.getpid(), signal.SIGKILL)
        return None

    sys.settrace(watch)
    run(folder, *overrides)


def _phase(frame: FrameType | None) -> str:
    names = []
    while frame:
        names.append(frame.f_code.co_qualname)
        frame = frame.f_back
    for phase, functions in PHASES.items():
        if not functions.isdisjoint(names):
            return phase
    return "start-up"


PHASES = {
    "logger flush": {"MetricsCSV.flush", "TensorBoard.flush"},
    "checkpoint write": {"BestAndLast._write"},
    "summary": {"write_summary", "close_loggers"},
    "test": {"split_metrics"},
    "restoring": {"_CheckpointConnector.restore_training_state", "newest", "rewind"},
    "validation": {"_EvaluationLoop.run"},
    "early stopping": {"EarlyStopping._run_early_stopping_check"},
    "end of the fit": {"_FitLoop.on_run_end", "BestAndLast.on_fit_end"},
    "end of an epoch": {"_FitLoop.on_advance_end"},
    "start of an epoch": {"_FitLoop.on_advance_start"},
    "forward and backward": {"QuickEpochs._step"},
    "start of a batch": {"Snapshots.on_train_batch_start"},
    "end of a batch": {"Supervised.on_train_batch_end", "Snapshots.on_train_batch_end"},
    "between batches": {"QuickEpochs.advance", "_TrainingEpochLoop.run"},
    "start of the fit": {"Trainer.fit"},
}
"""What a run is doing while one of the functions runs; the first that fits."""


def differences(one: Path, other: Path) -> list[str]:
    """Where two runs' folders are not the same to the bit, times aside."""
    return [
        *(
            difference
            for name in ("best.ckpt", "last.ckpt")
            for difference in _apart(*(_checkpoint(f, name) for f in (one, other)))
        ),
        *_apart(*(_rows(folder) for folder in (one, other)), "metrics.csv"),
        *_apart(*(curves(folder) for folder in (one, other)), "TensorBoard"),
        *_apart(*(_summary(folder) for folder in (one, other)), "summary.json"),
    ]


def curves(folder: Path) -> dict[str, list[tuple[int, Any]]]:
    """What TensorBoard shows below each tag: steps and, of curves, values."""
    everything = dict.fromkeys(["scalars", "images", "histograms", "tensors"], 0)
    events = EventAccumulator(str(folder), size_guidance=everything).Reload()
    tags = events.Tags()
    numbers = {
        t: [(e.step, e.value) for e in events.Scalars(t)] for t in tags["scalars"]
    }
    others = {
        f"{kind}: {tag}": [(event.step, None) for event in read(tag)]
        for kind, read in (("images", events.Images), ("tensors", events.Tensors))
        for tag in tags[kind]
    }
    return {
        tag: points for tag, points in (numbers | others).items() if tag not in TIMES
    }


def _checkpoint(folder: Path, name: str) -> dict[str, Any]:
    content = torch.load(folder / "checkpoints" / name, weights_only=True)
    content.pop("logs", None)
    assert isinstance(content, dict)
    return content


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _summary(folder: Path) -> dict[str, Any]:
    content = json.loads((folder / "summary.json").read_text())
    assert isinstance(content, dict)
    return content


def _apart(one: Any, other: Any, path: str = "") -> Iterator[str]:
    if type(one) is not type(other):
        yield f"{path}: {type(one)} is not {type(other)}"
    elif isinstance(one, torch.Tensor):
        if not torch.equal(one.nan_to_num(), other.nan_to_num()):
            yield path
    elif isinstance(one, dict):
        if list(one) != list(other):
            yield f"{path}: {set(one) ^ set(other) or 'another order'}"
        for key in one.keys() & other.keys():
            if key not in TIMES or (key == "epoch" and "Throughput" not in path):
                yield from _apart(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, (list, tuple)):
        if len(one) != len(other):
            yield f"{path}: {len(one)} are not {len(other)}"
        for i, pair in enumerate(zip(one, other, strict=False)):
            yield from _apart(*pair, f"{path}[{i}]")
    elif one != other and (one == one or other == other):
        yield f"{path}: {one} is not {other}"
