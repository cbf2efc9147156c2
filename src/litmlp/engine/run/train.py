"""One run from start to finish."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from lightning.pytorch import Trainer
from omegaconf import DictConfig

from litmlp.engine.config.build import build_data, build_trainer
from litmlp.engine.config.complete import complete
from litmlp.engine.config.hyperparameters import hyperparameters
from litmlp.engine.config.overrides import as_typed
from litmlp.engine.diagnosis.config_advice import advice
from litmlp.engine.diagnosis.model_table import model_table
from litmlp.engine.folder import checkpoints, provenance, run_folder, saved_config
from litmlp.engine.folder.atomic_files import leave_disk_errors_to_main_thread
from litmlp.engine.folder.loggers import TensorBoard
from litmlp.engine.process import signals
from litmlp.engine.process.settings import seed_of, seed_torch, settings
from litmlp.engine.run import resume
from litmlp.engine.run.plan import show_columns, show_plan
from litmlp.engine.run.prepare import Run, build_run
from litmlp.engine.run.run_card import pages
from litmlp.engine.run.starting_point import Beginning
from litmlp.engine.run.test import Metrics, metrics_table, one_device, split_metrics
from litmlp.engine.sweep.cross_validation import write_fold
from litmlp.engine.sweep.hooks import place
from litmlp.engine.terminal.console import only_logged, shortest, show
from litmlp.epoch_state import Position


def train(config: DictConfig) -> float:
    """Train, test and record one run; returns the best value of the monitored metric.

    Args:
        config: composed from ``conf/train.yaml``; ``config.folder`` says where it goes.

    Raises:
        UserError: a mistake in the config or the data, before any training.
    """
    if config.get("resume") is not None:
        config = resume.as_begun(config)
    folder = Path(config.folder)
    if resume.is_finished(folder, config):
        show(f"{folder} holds a finished run of this config: nothing to do")
        return best_value(run_folder.read_summary(folder), config.mode)
    job = HydraConfig.get() if HydraConfig.initialized() else None
    in_sweep = job is not None and job.mode == RunMode.MULTIRUN
    overrides = as_typed(job.overrides.task) if job is not None else []
    beginning = Beginning(folder, config)
    goes_on = config.get("resume") is not None
    with (
        leave_disk_errors_to_main_thread(),
        signals.heeded(),
        run_folder.recording(
            folder,
            config,
            overrides,
            keep_mistakes=in_sweep,
            earlier=beginning.look,
        ) as summary,
        settings(config),
        only_logged(in_sweep),
        beginning.blame(),
    ):
        config.resume = None
        if not goes_on:
            saved_config.write_launch(folder, config)
        summary |= fit_and_test(complete(config), folder, beginning.point)
        show(metrics_table(summary["metrics"]))
        for finding in summary["doctors_note"]:
            show(f"doctor       {finding}")
        show(f"folder       {shortest(folder)}")
        show(f"look at it   tensorboard --logdir {shortest(folder)}")
    if in_sweep:
        show(f"  {place(folder)}{one_line(summary)}")
    return best_value(summary, config.mode)


def fit_and_test(
    config: DictConfig, folder: Path, point: checkpoints.Resumable | None
) -> run_folder.Summary:
    """Build, fit, test at the best checkpoint; returns what the summary records.

    Args:
        config: of the run.
        folder: of the run.
        point: what to go on from; None for a fresh start.
    """
    run = build_run(config, folder, build_data(config), point)
    saved_config.write_config(folder, run.config)
    announce(run, point)
    succeeded = False
    try:
        seed_torch(seed_of(config, "dropout"))
        with signals.deferred():
            run.trainer.fit(
                run.model, datamodule=run.data, ckpt_path=point.path if point else None
            )
        results = conclude(run, tested)
        succeeded = True
    finally:
        close_loggers(run.trainer, succeeded)
    return results


def announce(run: Run, point: checkpoints.Resumable | None = None) -> None:
    """Say on the console, in the log and in TensorBoard what is to be trained."""
    show_columns(run.data)
    show_plan(run.data, run.trainer)
    layers = show(model_table(run.model, run.data.features["train"][:1]))
    for line in advice(run.config, run.model.network):
        show(f"advice       {line}")
    checkpoints.rewind(run.trainer.loggers, point)
    if point:
        show(f"goes on      after {point.content['global_step']:,} iterations")
    else:
        introduce(run, layers)


def tested(run: Run) -> Metrics:
    """Metrics of every split by the run's own Trainer, or by one on one device."""
    alone = run.trainer.world_size == 1
    tester = run.trainer if alone else build_trainer(one_device(run.config))
    return split_metrics(run.model, run.data, tester)


def conclude(run: Run, test: Callable[[Run], Metrics]) -> run_folder.Summary:
    """Test and log a run that is trained; returns what its summary records."""
    trainer, model, config = run.trainer, run.model, run.config
    last = checkpoints.last_written(trainer, run.folder)
    best = last["callbacks"]["BestAndLast"]["best"]
    model.load_state_dict(best["state_dict"])
    show(how_it_ended(trainer, best))
    metrics = test(run)
    if run.data.num_folds is not None and trainer.is_global_zero:
        write_fold(run.folder, run.data)
    results = at_best(metrics) | {
        "best_epoch": best["epoch"],
        "seconds": time.perf_counter() - run.start,
    }
    samples = last["epoch_state"]["samples"]
    end = Position(last["global_step"], last["epoch"], samples)
    for logger in trainer.loggers:
        logger.log_metrics(results | end.as_metrics(), step=end.step)
    return {
        "monitor": {"metric": config.monitor, "mode": config.mode},
        "best_epoch": best["epoch"],
        "best_value": best["value"],
        "metrics": metrics,
        "pruned_epoch": last["callbacks"].get("Pruning", {}).get("pruned_epoch"),
        "doctors_note": last["callbacks"].get("Diagnosis", {}).get("note", []),
        "wall_seconds": time.perf_counter() - run.start,
        "data": provenance.of_data(run.data),
        "hardware": provenance.of_machine(trainer.strategy.root_device),
        "diverged": last["callbacks"].get("Divergence", {}).get("note") or None,
        "parameters": sum(p.numel() for p in model.parameters()),
        "epochs": last["epoch"],
        "iterations": last["global_step"],
        "samples_per_second": last["callbacks"]
        .get("Throughput", {})
        .get("samples_per_second"),
    }


def one_line(summary: run_folder.Summary) -> str:
    """What a sweep says of each of its members."""
    metric, value = summary["monitor"]["metric"], summary["best_value"]
    result = main_result(summary)
    test = f"  {result[0]}/test {result[1]:.4f}" if result else ""
    epoch = summary["pruned_epoch"]
    pruned = f"  pruned after epoch {epoch}" if epoch else ""
    return f"{metric} {value:.4f}{test}  {summary['wall_seconds']:.1f} s{pruned}"


def main_result(summary: run_folder.Summary) -> tuple[str, float | None] | None:
    """The name and test value of the task's first metric, if there was a test."""
    for tag, value in summary.get("metrics", {}).items():
        name, split = tag.split("/")
        if split == "test" and name != "loss":
            return name, value
    return None


def how_it_ended(trainer: Trainer, best: dict[str, Any]) -> str:
    """Which epoch is tested, and whether the fit stopped before its budget's end."""
    value, metric = best["value"], best["monitor"]
    if not best["epoch"]:
        return "no epoch was trained: the first weights are tested"
    if not math.isfinite(value):
        return f"{metric} was never a finite number: try a smaller optimizer.lr"
    stopped = any(getattr(c, "stopped_epoch", 0) for c in trainer.callbacks)  # type: ignore[attr-defined]  # set by Lightning, not declared
    early = ", stopped early: no better since" if stopped else ""
    return f"best {metric} {value:.4g} after epoch {best['epoch']}{early}"


def best_value(summary: run_folder.Summary, mode: str) -> float:
    """The best monitored value, or the worst possible one where there is none."""
    value = summary.get("best_value")
    if value is not None and math.isfinite(value):
        return float(value)
    return math.inf if mode == "min" else -math.inf


def at_best(metrics: Metrics) -> Metrics:
    """Tags of the best checkpoint's metrics; the curves have no test of their own."""
    return {
        tag if tag.endswith("/test") else f"best/{tag}": value
        for tag, value in metrics.items()
    }


def introduce(run: Run, layers: str) -> None:
    """Tell TensorBoard what is to be trained: its HParams and text tabs."""
    job = HydraConfig.get() if HydraConfig.initialized() else None
    choices = job.runtime.choices if job is not None else {}
    overrides = as_typed(job.overrides.task) if job is not None else []
    for logger in run.trainer.loggers:
        if isinstance(logger, TensorBoard):
            logger.begin_session(hyperparameters(run.config, choices))
            logger.log_texts(pages(run.config, overrides, run.data, layers))
            if run.trainer.num_devices > 1:
                logger.close()  # its thread would not live on in forked processes


def close_loggers(trainer: Trainer, succeeded: bool) -> None:
    """Let go of the loggers' files: a sweep opens hundreds."""
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoard):
            logger.end_session(succeeded=succeeded)
        getattr(logger, "close", logger.save)()
