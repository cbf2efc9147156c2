"""Folders of runs that were never trained."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from litmlp.engine.report.comparable_runs import Problem, find_problems
from litmlp.engine.report.runs_table import read_runs


def make_run(
    folder: Path,
    overrides: list[str],
    value: float | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    choices: Mapping[str, Any] | None = None,
    **summary: Any,
) -> Path:
    """Write a run folder, finished unless the summary says otherwise."""
    content = {
        "status": "done",
        "started": "2026-11-23T15:41:42+00:00",
        "config_hash": folder.name,
        "overrides": overrides,
        "monitor": {"metric": "loss/val", "mode": "min"},
        "best_value": value,
        "metrics": {"loss/val": value},
        "wall_seconds": 1.5,
    }
    (folder / ".hydra").mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(content | summary))
    if config is not None:
        (folder / ".hydra" / "config.yaml").write_text(yaml.dump(config))
    if choices is not None:
        hydra = {"hydra": {"runtime": {"choices": choices}, "verbose": False}}
        (folder / ".hydra" / "hydra.yaml").write_text(yaml.dump(hydra))
    return folder


def make_sweep(
    folder: Path, values: Mapping[str, float | None], **summary: Any
) -> Problem:
    """Return the problem of made-up runs, from their overrides and best values."""
    for number, (overrides, value) in enumerate(values.items()):
        make_run(folder / str(number), overrides.split(), value, **summary)
    (problem,) = find_problems(read_runs(sorted(folder.iterdir())))
    return problem
