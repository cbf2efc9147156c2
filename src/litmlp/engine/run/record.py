"""The record of a run: what its summary and its loggers keep of the result."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.loggers import WandbLogger

from litmlp.engine.folder import checkpoints, provenance
from litmlp.engine.folder.loggers import TensorBoard
from litmlp.engine.folder.run_folder import Summary, write_summary
from litmlp.engine.run.baselines import baselines
from litmlp.engine.run.prepare import Run
from litmlp.engine.run.split_metrics import Metrics
from litmlp.engine.terminal.console import show
from litmlp.training_state import Position


@contextmanager
def open_loggers(trainer: Trainer) -> Iterator[None]:
    """Close the loggers' files after the block, since a sweep opens hundreds."""
    succeeded = False
    try:
        yield
        succeeded = True
    finally:
        close_loggers(trainer, succeeded)


def close_loggers(trainer: Trainer, succeeded: bool) -> None:
    """End the run in each logger, which shows whether the run succeeded."""
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoard):
            logger.end_session(succeeded=succeeded)
        logger.finalize("success" if succeeded else "failed")
        if isinstance(logger, WandbLogger) and logger.version:  # it has begun
            logger.experiment.finish(exit_code=int(not succeeded))
        getattr(logger, "close", logger.save)()


def load_best(run: Run) -> checkpoints.Checkpoint:
    """Give a trained run its best weights; return the last checkpoint of it."""
    last = checkpoints.last_written(run.trainer, run.folder)
    best = last["callbacks"]["BestAndLast"]["best"]
    run.model.load_state_dict(best["state_dict"])
    show(how_it_ended(run.trainer, best))
    return last


def record(run: Run, last: checkpoints.Checkpoint, metrics: Metrics) -> Summary:
    """Log the result of a run; return what its summary keeps.

    Args:
        run: trained.
        last: its last checkpoint.
        metrics: of every split at the best checkpoint, by tag.
    """
    trainer, model, config = run.trainer, run.model, run.config
    callbacks = last["callbacks"]
    best = callbacks["BestAndLast"]["best"]
    results = at_best(metrics) | {
        "best_epoch": best["epoch"],
        "seconds": time.perf_counter() - run.start,
    }
    end = Position(last["global_step"], last["epoch"], last["epoch_state"]["samples"])
    for logger in trainer.loggers:
        logger.log_metrics(results | end.as_metrics(), step=end.step)
    throughput = callbacks.get("Throughput", {})
    return {
        "monitor": {"metric": config.monitor, "mode": config.mode},
        "best_epoch": best["epoch"],
        "best_value": best["value"],
        "metrics": metrics,
        "baselines": baselines(model, run.data),
        "pruned_epoch": callbacks.get("Pruning", {}).get("pruned_epoch"),
        "doctors_note": callbacks.get("Diagnosis", {}).get("note", []),
        "wall_seconds": time.perf_counter() - run.start,
        "hardware": provenance.of_machine(trainer.strategy.root_device),
        "diverged": callbacks.get("Divergence", {}).get("note") or None,
        "parameters": sum(p.numel() for p in model.parameters()),
        "epochs": last["epoch"],
        "iterations": last["global_step"],
        "samples_per_second": throughput.get("samples_per_second"),
    }


def record_data(run: Run, summary: Summary) -> None:
    """Record which data a run begins with, so that it goes on with no others."""
    summary["data"] = provenance.of_data(run.data)
    write_summary(run.folder, summary)


def how_it_ended(trainer: Trainer, best: dict[str, Any]) -> str:
    """Return which epoch is tested, and whether the run stopped early."""
    value, metric = best["value"], best["monitor"]
    if not best["epoch"]:
        return "no epoch was trained: the first weights are tested"
    if not math.isfinite(value):
        return f"{metric} was never a finite number: try a smaller optimizer.lr"
    stopped = any(getattr(c, "stopped_epoch", 0) for c in trainer.callbacks)  # type: ignore[attr-defined]  # set by Lightning, not declared
    early = ", stopped early: no better since" if stopped else ""
    return f"best {metric} {value:.4g} after epoch {best['epoch']}{early}"


def at_best(metrics: Metrics) -> Metrics:
    """Return metrics under ``best/<tag>``: the plain tags are those of the curves.

    Metrics of the test keep their tag, since no curve has them.
    """
    return {
        tag if tag.endswith("/test") else f"best/{tag}": value
        for tag, value in metrics.items()
    }


def best_value(summary: Summary, mode: str) -> float:
    """Return the best monitored value, or the worst possible one if there is none."""
    value = summary.get("best_value")
    if value is not None and math.isfinite(value):
        return float(value)
    return math.inf if mode == "min" else -math.inf


def in_one_line(summary: Summary) -> str:
    """Return the line with which a sweep reports one of its runs."""
    metric, value = summary["monitor"]["metric"], summary["best_value"]
    shown = "nan" if value is None else f"{value:.4f}"
    result = main_result(summary)
    test = f"  {result[0]}/test {result[1]:.4f}" if result else ""
    epoch = summary["pruned_epoch"]
    pruned = f"  pruned after epoch {epoch}" if epoch else ""
    return f"{metric} {shown}{test}  {summary['wall_seconds']:.1f} s{pruned}"


def main_result(summary: Summary) -> tuple[str, float] | None:
    """Return name and test value of the task's first metric, if there was a test."""
    for tag, value in summary.get("metrics", {}).items():
        name, split = tag.split("/")
        if split == "test" and name != "loss":
            return name, math.nan if value is None else value
    return None
