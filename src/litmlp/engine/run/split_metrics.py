"""Metrics of every split of a model's data, and their table."""

from collections.abc import Mapping
from types import MappingProxyType

from lightning.pytorch import Trainer
from omegaconf import DictConfig
from rich.table import Table

from litmlp.callbacks.fold_predictions import FoldPredictions
from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_trainer
from litmlp.engine.config.run_settings import use_available_device
from litmlp.engine.run.prepare import Run
from litmlp.engine.terminal.console import table
from litmlp.supervised import Supervised

Metrics = dict[str, float]

NO_BASELINES: Mapping[str, Metrics] = MappingProxyType({})


def split_metrics(model: Supervised, data: Data, trainer: Trainer) -> Metrics:
    """Metrics of every split by tag: ``{"accuracy/test": 0.97, …}``."""
    trainer.test(model, datamodule=data, verbose=False)
    return {tag: float(value) for tag, value in trainer.callback_metrics.items()}


def measure_run(run: Run) -> Metrics:
    """Metrics of every split by the run's own Trainer, or by one on one device."""
    tester = run.trainer
    if tester.world_size > 1:
        folds = [c for c in tester.callbacks if isinstance(c, FoldPredictions)]  # type: ignore[attr-defined]  # set by Lightning, not declared
        more = folds if tester.is_global_zero else []
        tester = build_trainer(one_device(run.config), more)
    return split_metrics(run.model, run.data, tester)


def one_device(config: DictConfig) -> DictConfig:
    """The config for evaluation, where each row has to be seen once."""
    config = config.copy()
    config.trainer.devices = 1
    config.trainer.strategy = "auto"
    config.callbacks = {}
    config.logger = {}
    if "profiler" in config.trainer:
        config.trainer.profiler = None
    use_available_device(config)
    return config


def metrics_table(
    metrics: Metrics, baselines: Mapping[str, Metrics] = NO_BASELINES
) -> Table:
    """Metrics by row; splits, and the test of each baseline, by column."""
    names = dict.fromkeys(tag.split("/")[0] for tag in metrics)
    splits = dict.fromkeys(tag.split("/")[1] for tag in metrics)
    result = table("", *splits, *(f"{each} (test)" for each in baselines))
    for name in names:
        values = [metrics.get(f"{name}/{split}") for split in splits]
        values += [found.get(f"{name}/test") for found in baselines.values()]
        result.add_row(name, *("" if v is None else f"{v:.4f}" for v in values))
    return result
