"""Searches with made-up runs, whose results follow from their overrides."""

import json
import math
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna.pruners import NopPruner
from optuna.samplers import TPESampler
from sqlalchemy import Engine, event

from litmlp.engine.search.search import Search
from litmlp.engine.search.space import read_space

SPACE = ("optimizer.lr=tag(log,interval(1e-4,1.0))", "activation=relu,tanh")

Jobs = list[tuple[str, ...]]
Outcome = Callable[[Mapping[str, str]], Mapping[str, Any]]


def loss(job: Mapping[str, str]) -> Mapping[str, Any]:
    """The best is at lr=0.01 with tanh."""
    distance = (math.log10(float(job.get("optimizer.lr", 0.01))) + 2) ** 2
    return {"best_value": distance + (job.get("activation") == "relu")}


class Launcher:
    """Leaves the summary of each run; may be killed before some run."""

    def __init__(self, folder: Path, outcome: Outcome, killed_at: int = -1) -> None:
        self.folder = folder
        self.outcome = outcome
        self.killed_at = killed_at
        self.jobs: Jobs = []

    def __call__(self, jobs: Sequence[tuple[str, ...]], first: int) -> list[Path]:
        return [self.run(job) for job in jobs]

    def run(self, job: tuple[str, ...]) -> Path:
        if len(self.jobs) == self.killed_at:
            raise KeyboardInterrupt
        self.jobs.append(job)
        folder = self.folder / str(len(list(self.folder.iterdir())))
        folder.mkdir()
        summary = {
            "status": "done",
            "monitor": {"metric": "loss/val", "mode": "min"},
            "metrics": {},
        } | self.outcome(dict(override.split("=", 1) for override in job))
        (folder / "summary.json").write_text(json.dumps(summary))
        return folder


def search(
    folder: Path,
    *typed: str,
    outcome: Outcome = loss,
    killed_at: int = -1,
    when: Mapping[str, Mapping[str, object]] | None = None,
    **settings: Any,
) -> Launcher:
    """The jobs of a search in a folder."""
    folder.mkdir(exist_ok=True)
    launcher = Launcher(folder, outcome, killed_at)
    defaults: dict[str, Any] = {
        "space": read_space(typed or SPACE, {}, when or {}, OverridesParser.create()),
        "objectives": {"loss/val": "min"},
        "monitor": "loss/val",
        "sampler": partial(TPESampler, n_startup_trials=4),
        "seed": 0,
        "pruner": NopPruner(),
        "n_trials": 8,
        "n_jobs": 1,
        "launch": launcher,
    }
    Search(**(defaults | settings)).run(folder)
    return launcher


@event.listens_for(Engine, "connect")
def _leave_it_in_memory(connection: sqlite3.Connection, _: object) -> None:
    """A test need not wait for the disk; only a power failure would show it."""
    connection.execute("PRAGMA synchronous = OFF")
