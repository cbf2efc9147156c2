"""Measures of a lesson: functions from a run of its sweep to a number."""

import math
import statistics
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from omegaconf import OmegaConf

from litmlp.course.lessons.sweep_runs import SweepRun
from litmlp.engine.folder import run_folder
from litmlp.engine.predict.evaluate_run import measure_folder
from litmlp.errors import UserError, nearest


def recorded(run: SweepRun, *, name: str) -> float:
    """Return a number of ``summary.json``, such as ``samples_per_second``."""
    return value_of(run.summary, name)


def at_best(run: SweepRun, *, tag: str) -> float:
    """Return a metric at the best checkpoint, such as ``accuracy/test``."""
    return value_of(run.summary["metrics"], tag)


def at_best_with(run: SweepRun, *, tag: str, changes: Mapping[str, Any]) -> float:
    """Return a metric of the best checkpoint on other data: ``{data.outliers: 0}``."""
    config = run_folder.read_config(run.folder)
    for key, value in changes.items():
        OmegaConf.update(config, key, value)
    metrics, _ = measure_folder(config, run.folder)
    return metrics[tag]


def at_start(run: SweepRun, *, tag: str) -> float:
    """Return a tag's first value: a diagnosis records it before the first step."""
    return run.curve(tag)[1][0]


def at_end(run: SweepRun, *, tag: str) -> float:
    """Return a tag's last value, such as ``loss/train`` after the last epoch."""
    return run.curve(tag)[1][-1]


def epochs_until(
    run: SweepRun, *, tag: str, above: float = -math.inf, below: float = math.inf
) -> float:
    """Return the first epoch after which a tag is above or below a value.

    Without such an epoch it is the last one, which is too early rather than too late.
    """
    epochs, values = run.curve(tag)
    there = [e for e, v in zip(epochs, values, strict=True) if above < v < below]
    return float(there[0] if there else epochs[-1])


def rises(run: SweepRun, *, tag: str) -> float:
    """Return the fraction of epochs after which a tag is higher than before."""
    _, values = run.curve(tag)
    higher = [float(after > before) for before, after in pairwise(values)]
    return statistics.mean(higher) if higher else math.nan


def gradient_share(run: SweepRun) -> float:
    """Return the first hidden layer's gradient divided by the last's, at start."""
    layers = hidden_layers(run, "gradient_norm")
    return at_start(run, tag=layers[0]) / at_start(run, tag=layers[-1])


def last_spread(run: SweepRun) -> float:
    """Return the standard deviation of the last hidden activations, at start."""
    return at_start(run, tag=hidden_layers(run, "activation_spread")[-1])


def dead_units(run: SweepRun) -> float:
    """Return the fraction of dead hidden units at the end; 0 if none can die."""
    layers = hidden_layers(run, "dead_share")
    return statistics.mean(at_end(run, tag=tag) for tag in layers) if layers else 0.0


def hidden_layers(run: SweepRun, name: str) -> list[str]:
    """Return the tags ``name/layer_1``, … that a diagnosis recorded, in order."""
    tags = run.records.columns
    if "gradient_norm/all" not in tags:
        raise UserError(f"{run.folder} has no diagnosis: give callbacks.diagnosis")
    layers = [tag for tag in tags if tag.startswith(f"{name}/layer_")]
    return sorted(layers, key=lambda tag: int(tag.rsplit("_", 1)[1]))


def value_of(values: Mapping[str, Any], name: str) -> float:
    """Return a number by its name, NaN if it was not finite."""
    if name not in values:
        raise UserError(f"summary.json has no {name}. {nearest(name, values)}")
    return math.nan if values[name] is None else float(values[name])


def small_weights(run: SweepRun, *, within: float) -> float:
    """Return the fraction of all weights that lie between −within and within."""
    counts = [int((weight.abs() <= within).sum()) for weight in run.weights]
    return sum(counts) / sum(weight.numel() for weight in run.weights)


def weight_spread(run: SweepRun, *, layer: int) -> float:
    """Return √fan_in times the standard deviation of a layer's weights, from 1 on."""
    weight = run.weights[layer - 1]
    return weight.std().item() * math.sqrt(weight.shape[1])
