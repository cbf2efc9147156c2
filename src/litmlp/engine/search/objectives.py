"""Objectives of a search, read from the summaries of a trial's runs."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from omegaconf import DictConfig

from litmlp.engine.config.metric_direction import best_end
from litmlp.engine.folder.run_folder import Summary
from litmlp.errors import UserError, nearest

Mode = Literal["min", "max"]

COUNTS: dict[str, Mode] = {
    "parameters": "min",
    "epochs": "min",
    "iterations": "min",
    "wall_seconds": "min",
    "samples_per_second": "max",
}
"""Keys of a summary that can be an objective, and their better end."""


def modes(objectives: Sequence[str], config: DictConfig) -> dict[str, Mode]:
    """Return the better end of each objective: a key of COUNTS, or a tag: ``loss/val``.

    Raises:
        UserError: there is no such result, it is one of test rows, or ``mode`` does
            not fit.
    """
    found = {name: mode_of(name, config) for name in objectives}
    mode = found.get(config.monitor, config.mode)
    if mode != config.mode:
        raise UserError(
            f"mode={config.mode}: the best {config.monitor} is its {mode}: mode={mode}"
        )
    return found


def mode_of(objective: str, config: DictConfig) -> Mode:
    """Return the better end of an objective."""
    if objective in COUNTS:
        return COUNTS[objective]
    metrics = config.task.get("metrics", {})
    if config.task.name == "auto" and objective == config.monitor:
        mode: Mode = config.mode  # each run checks it
        return mode
    tags = [f"{name}/{s}" for name in ("loss", *metrics) for s in ("val", "train")]
    if objective not in tags:
        known = nearest(objective, [*tags, *COUNTS])
        raise UserError(f"hydra.sweeper.objectives: no result {objective}. {known}")
    return best_end(objective.split("/")[0], metrics)


def values(
    summaries: Sequence[Summary], objectives: Mapping[str, Mode]
) -> list[float] | None:
    """Return the mean of each objective over a trial's runs; None if one is not finite.

    A single objective that is not finite becomes infinitely bad instead, so that a
    sampler avoids such choices.
    """
    means = []
    for name, mode in objectives.items():
        found = [value(summary, name) for summary in summaries]
        mean = math.fsum(found) / len(found)
        worst = math.inf if mode == "min" else -math.inf
        means.append(mean if math.isfinite(mean) else worst)
    alone = len(means) == 1
    return means if alone or all(map(math.isfinite, means)) else None


def value(summary: Summary, objective: str) -> float:
    """Return an objective of one run; NaN if it has no finite value."""
    known = summary | summary["metrics"]
    known[summary["monitor"]["metric"]] = summary["best_value"]
    if objective not in known:  # a run without validation rows
        objective = objective.replace("/val", "/train")
    found = known.get(objective)
    return math.nan if found is None else float(found)
