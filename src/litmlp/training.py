"""One run from start to finish."""

import math
from pathlib import Path

import torch
from hydra.core.hydra_config import HydraConfig
from lightning.pytorch import Trainer
from omegaconf import DictConfig, OmegaConf
from torch import nn

from litmlp import runs
from litmlp.build import build_data, build_model, build_trainer, construct
from litmlp.compose import complete
from litmlp.console import show, table
from litmlp.data.module import Data
from litmlp.errors import UserError, nearest
from litmlp.evaluation import load_best, metrics_table, one_device, split_metrics
from litmlp.model_summary import model_table
from litmlp.process import settings
from litmlp.supervised import Supervised


def train(config: DictConfig) -> float:
    """Train, test and record one run; returns the best value of the monitored metric.

    Args:
        config: composed from ``conf/train.yaml``; ``config.folder`` says where it goes.

    Raises:
        UserError: a mistake in the config or the data, before any training.
    """
    folder = Path(config.folder)
    if runs.is_done(folder):
        show(f"{folder} holds a finished run of this config: nothing to do")
        return best_value(runs.read_summary(folder), config.mode)
    overrides = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    with runs.recording(folder, config, list(overrides)) as summary, settings(config):
        summary |= fit_and_test(complete(config), folder)
    show(metrics_table(summary["metrics"]))
    show(f"folder       {folder}")
    show(f"look at it   tensorboard --logdir {folder}")
    return best_value(summary, config.mode)


def fit_and_test(config: DictConfig, folder: Path) -> runs.Summary:
    """Build, fit, test at the best checkpoint; returns what the summary records."""
    data = build_data(config)
    config = with_monitor(config, data)
    runs.write_config(folder, config)
    model = build_model(config, data)
    join_small_batches(data, model)
    trainer = build_trainer(config)
    show_plan(data, model, trainer)
    try:
        torch.manual_seed(config.seeds.dropout)
        trainer.fit(model, datamodule=data)
        best = load_best(model, folder)
        alone = trainer.world_size == 1
        tester = trainer if alone else build_trainer(one_device(config))
        metrics = split_metrics(model, data, tester)
    finally:
        close_loggers(trainer)
    last = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    return {
        "monitor": {"metric": config.monitor, "mode": config.mode},
        "best_epoch": best["epoch"],
        "best_value": best["value"],
        "metrics": metrics,
        "parameters": sum(p.numel() for p in model.network.parameters()),
        "epochs": last["epoch"],
        "iterations": last["global_step"],
        "samples_per_second": last["callbacks"]["Throughput"]["samples_per_second"],
    }


def best_value(summary: runs.Summary, mode: str) -> float:
    """The best monitored value, or the worst possible one where there is none."""
    value = summary.get("best_value")
    if value is not None and math.isfinite(value):
        return float(value)
    return math.inf if mode == "min" else -math.inf


def with_monitor(config: DictConfig, data: Data) -> DictConfig:
    """The config with a metric to monitor that this run will have.

    Raises:
        UserError: no such metric, or a mode that would choose its worst value.
    """
    if "val" not in data.rows and config.monitor.endswith("/val"):
        config.monitor = config.monitor.replace("/val", "/train")
        show(f"no validation rows: {config.monitor} is monitored instead")
    tags = [f"{name}/{s}" for name in ("loss", *config.task.metrics) for s in data.rows]
    allowed = [tag for tag in tags if not tag.endswith("/test")]
    if config.monitor not in allowed:
        raise UserError(f"monitor={config.monitor}: {nearest(config.monitor, allowed)}")
    name = config.monitor.split("/")[0]
    metric = construct(config.task.metrics[name], "task") if name != "loss" else None
    best = "max" if getattr(metric, "higher_is_better", False) else "min"
    if config.mode != best:
        raise UserError(f"mode={config.mode}: the best {name} is its {best}: mode={best}")
    return config


def join_small_batches(data: Data, model: nn.Module) -> None:
    """Let batchnorm have two rows at least: one has no variance.

    Raises:
        UserError: batches of one row and a batchnorm.
    """
    batchnorm = nn.modules.batchnorm._BatchNorm
    if any(isinstance(module, batchnorm) for module in model.modules()):
        data.smallest_batch = 2
        if data.train_batches.sizes[0] < 2:
            raise UserError("batchnorm needs two rows a batch: data.batch_size=2 or more")


def show_plan(data: Data, model: Supervised, trainer: Trainer) -> None:
    """What will be trained on, for how long, and the network."""
    plan = table("data", "samples", "batches")
    batches = data.train_batches
    for split, rows in data.rows.items():
        count = len(batches) if split == "train" else ""
        plan.add_row(split, f"{len(rows):,}", f"{count:,}" if count else "")
    show(plan)
    epochs = trainer.max_epochs or -1
    iterations = len(batches) // trainer.accumulate_grad_batches
    show(f"batch size {batches.sizes[0]:,}, {iterations:,} iterations an epoch")
    show(model_table(model.network, data.facts["num_features"]))


def close_loggers(trainer: Trainer) -> None:
    """Let go of the loggers' files: a sweep opens hundreds."""
    for logger in trainer.loggers:
        getattr(logger, "close", logger.save)()
