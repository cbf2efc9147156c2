"""Metrics of every split of a model's data, and their table."""

from lightning.pytorch import Trainer
from omegaconf import DictConfig
from rich.table import Table

from litmlp.data.data_module import Data
from litmlp.engine.terminal.console import table
from litmlp.supervised import Supervised

Metrics = dict[str, float]


def split_metrics(model: Supervised, data: Data, trainer: Trainer) -> Metrics:
    """Metrics of every split by tag: ``{"accuracy/test": 0.97, …}``."""
    trainer.test(model, datamodule=data, verbose=False)
    return {tag: float(value) for tag, value in trainer.callback_metrics.items()}


def one_device(config: DictConfig) -> DictConfig:
    """The config for evaluation, where each row has to be seen once."""
    config = config.copy()
    config.trainer.devices = 1
    config.trainer.strategy = "auto"
    config.callbacks = {}
    config.logger = {}
    return config


def metrics_table(metrics: Metrics) -> Table:
    """Metrics by row, splits by column."""
    names = dict.fromkeys(tag.split("/")[0] for tag in metrics)
    splits = dict.fromkeys(tag.split("/")[1] for tag in metrics)
    result = table("", *splits)
    for name in names:
        values = [metrics.get(f"{name}/{split}") for split in splits]
        result.add_row(name, *("" if v is None else f"{v:.4f}" for v in values))
    return result
