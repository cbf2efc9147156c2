"""A model trained on a table in memory, as a run on a file of the table would be."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import polars as pl
from omegaconf import DictConfig, open_dict

from litmlp.callbacks.checkpoint import BestAndLast
from litmlp.data.frame import FrameData
from litmlp.engine.config.complete_config import PATHS, complete
from litmlp.engine.config.instantiate_node import construct_node
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.folder import run_folder
from litmlp.engine.predict.trained_model import TrainedModel, from_checkpoint, rebuild
from litmlp.engine.python_api.launch import launch_run
from litmlp.engine.python_api.overrides import composed
from litmlp.engine.run.prepare import build_run
from litmlp.engine.run.train import fit, train
from litmlp.engine.terminal.console import only_logged
from litmlp.errors import UserError

IN_FOLDER = frozenset({"dashboard", "diagnosis", "divergence", "throughput"})
"""Callbacks whose results are in a run's folder: without a folder they do nothing."""


def fit_table(
    table: pl.DataFrame,
    targets: Sequence[str],
    overrides: Sequence[str],
    logs: str | Path | None = None,
) -> TrainedModel:
    """Train a model; return it with its best weights.

    All rows are for training and validation. Without validation rows, where a class has
    too few of them, the training loss decides which weights are best.

    Args:
        table: features and targets, and what else the config names.
        targets: the columns to predict.
        overrides: of the config of a run.
        logs: the folder in which ``runs/`` gets a run folder; None: nothing is written.

    Raises:
        UserError: a mistake in an override, or a column that cannot be used.
    """

    def train_in_folder(config: DictConfig) -> float:
        with run_settings(config):
            return train(config, data_of(table, targets, config))

    overrides = ["data=table", "data.test_share=0", *overrides]
    with only_logged(True):
        if logs is not None:
            folder = f"hydra.run.dir='${{litmlp.run_folder:{logs}/runs,${{resume}}}}'"
            run = launch_run([*overrides, folder], train_in_folder)
            return rebuild(run_folder.read_config(run.folder))
        with composed(overrides) as config, run_settings(config):
            return fit_in_memory(data_of(table, targets, config), config)


def fit_in_memory(data: FrameData, config: DictConfig) -> TrainedModel:
    """Train a model without a folder, and measure only what decides on the best."""
    config.folder = ""
    config.logger = {}
    config.callbacks.checkpoint.folder = None
    monitored = config.monitor.split("/")[0]
    with open_dict(config):
        for name in IN_FOLDER & config.callbacks.keys():
            del config.callbacks[name]
        for name in config.task.metrics.keys() - {monitored}:
            del config.task.metrics[name]
    run = build_run(complete(config), Path(), data)
    fit(run, None)
    (kept,) = (c for c in run.trainer.callbacks if isinstance(c, BestAndLast))  # type: ignore[attr-defined]  # set by Lightning, not declared
    return from_checkpoint(run.config, kept.best)


def data_of(
    table: pl.DataFrame, targets: Sequence[str], config: DictConfig
) -> FrameData:
    """Build the data of a table, without validation rows if a class lacks them."""
    config.data.target = list(targets)
    data = build_frame(table, config)
    data.samples  # noqa: B018  # a mistake in a column should not be one of the split
    try:
        data.rows  # noqa: B018  # cut once, and then kept
    except UserError as error:
        warnings.warn(f"there are no validation rows: {error}", stacklevel=5)
        config.data.validation_share = 0.0
        data = build_frame(table, config)
    return data


def build_frame(table: pl.DataFrame, config: DictConfig) -> FrameData:
    """Build the data of a config from a table instead of a file."""
    node = config.data.copy()
    node._target_ = f"{FrameData.__module__}.{FrameData.__qualname__}"
    of_files = [*PATHS, "separator", "skip_rows", "stream"]
    data = construct_node(node, "data", reserved=of_files, frame=table)
    return cast(FrameData, data)
