"""Evaluation on a run's own data: metrics of every split at its best checkpoint."""

from pathlib import Path

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from litmlp.engine.config.build import build_data, build_model, build_trainer
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.folder import checkpoints, provenance, run_folder
from litmlp.engine.folder.provenance import changes_of_data
from litmlp.engine.folder.untrusted_folder import blame_folder
from litmlp.engine.predict.trained_model import TrainedModel
from litmlp.engine.run.console_tables import show_columns
from litmlp.engine.run.split_metrics import (
    Metrics,
    metrics_table,
    one_device,
    split_metrics,
)
from litmlp.engine.terminal.console import show


def evaluate_run(folder: Path) -> Metrics:
    """Rebuild a run from its folder alone and measure its best checkpoint again.

    Raises:
        UserError: the folder holds no run that has trained.
    """
    config = run_folder.read_config(folder)
    summary = run_folder.read_summary(folder)
    recorded, before = summary.get("metrics"), summary.get("data")
    OmegaConf.set_struct(config, True)
    metrics, data = measure_folder(config, folder)
    show(metrics_table(metrics))
    found = run_folder.finite(metrics)
    same = recorded if isinstance(recorded, dict) else {}
    changed = [tag for tag in found if found[tag] != same.get(tag)]
    show(
        f"not the same as in summary.json: {', '.join(changed)}"
        if changed
        else "the same as in summary.json, to the last digit"
    )
    if isinstance(before, dict) and (changes := changes_of_data(before, data)):
        show(f"the data have changed since the run: {'; '.join(changes)}")
    return metrics


def measure_folder(
    config: DictConfig, folder: Path
) -> tuple[Metrics, dict[str, str | int]]:
    """Measure a folder's best checkpoint; return metrics and digest of the data."""
    with blame_folder(folder):
        config = one_device(config)
        with run_settings(config):
            data = build_data(config)
            show_columns(data)
            model = build_model(config, data)
            model.load_state_dict(checkpoints.best(folder)["state_dict"])
            metrics = split_metrics(model, data, build_trainer(config))
            return metrics, provenance.of_data(data)


@torch.inference_mode()
def measure_rows(
    trained: TrainedModel, inputs: Tensor, targets: Tensor
) -> tuple[Tensor, Metrics]:
    """Return predictions [N, …] with bounds, and metrics by name, without a Trainer.

    Inputs are raw rows [N, columns]; targets are class indices [N], or real values [N,
    targets].
    """
    outputs = trained.outputs(inputs)
    metrics = trained.model.measure(outputs, targets)
    return (
        trained.model.to_columns(outputs),
        {name: float(value) for name, value in metrics.items()},
    )
