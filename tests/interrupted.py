"""Runs that are killed at a chosen point, and the differences of two runs."""

import csv
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch
from conftest import CONF
from hydra import compose, initialize_config_dir
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from litmlp.engine.folder import checkpoints
from litmlp.engine.folder.run_folder import read_summary
from litmlp.engine.process.signals import exit_code
from litmlp.engine.run.train import train
from litmlp.errors import UserError
from litmlp.supervised import Supervised

TIMES = (
    *("samples_per_second", "seconds", "wall_seconds", "started", "time_elapsed"),
    "logs",
)
"""What no two runs share, and places in log files."""

CLEAN = multiprocessing.get_context("forkserver")
"""Forks from a process without threads, whose locks a child would find locked."""
CLEAN.set_forkserver_preload(
    [
        *("litmlp.engine.run.train", "litmlp.callbacks.diagnosis"),
        *("litmlp.data.bundled", "litmlp.engine.figures.style", "sklearn.linear_model"),
    ]
)


@dataclass(frozen=True)
class At:
    """When a function is entered (or left: ``return``) for the nth time.

    Args:
        later: calls of any functions from there on.
    """

    function: str
    nth: int = 1
    event: str = "call"
    later: int = 0


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
    done = (0,) if point.later else ()
    assert child.exitcode in (ended, *done), "the point was not reached"


def _run_until(point: At, by: signal.Signals, folder: Path, *overrides: str) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    seen, later = 0, 0

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal seen, later
        is_watched = frame.f_code.co_qualname == point.function
        if seen == point.nth:
            later += event == "call"
        elif is_watched:
            seen += event == point.event
        if seen == point.nth and later == point.later:
            seen += 1  # so that it is the only signal
            os.kill(os.getpid(), by)
        if not is_watched:
            return None
        frame.f_trace_lines = False
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
        # A run that went on from a checkpoint says so around the error.
        with pytest.raises((ZeroDivisionError, UserError)):
            run(folder, *overrides)


@contextmanager
def keep_previous() -> Iterator[None]:
    """Keep what a kill would have left: each checkpoint before the last one."""
    promote = checkpoints.promote

    def keeping(fresh: Path) -> None:
        if (last := fresh.with_name("last.ckpt")).exists():
            last.replace(fresh.with_name("previous.ckpt"))
        promote(fresh)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "promote", keeping)
        yield


def differences(one: Path, other: Path) -> list[str]:
    """Where two runs' folders are not the same to the bit, times aside."""
    contents = map(_contents, (one, other))
    return list(_apart(*contents))


def _contents(folder: Path) -> dict[str, Any]:
    """All that a run has left, by the name of its file."""
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    checkpoints = {
        name: torch.load(folder / "checkpoints" / name, weights_only=True)
        for name in ("best.ckpt", "last.ckpt")
    }
    others = {"TensorBoard": curves(folder), "summary.json": read_summary(folder)}
    return {**checkpoints, **others, "metrics.csv": rows}


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
            if key not in TIMES:
                yield from _apart(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, (list, tuple)):
        if len(one) != len(other):
            yield f"{path}: {len(one)} are not {len(other)}"
        for i, pair in enumerate(zip(one, other, strict=False)):
            yield from _apart(*pair, f"{path}[{i}]")
    elif one != other and (one == one or other == other):
        yield f"{path}: {one} is not {other}"
