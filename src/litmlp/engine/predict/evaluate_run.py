"""Evaluation on a run's own data: metrics of every split at its best checkpoint.

The mean of a sweep's runs is measured on their data in the same way.
"""

from pathlib import Path

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_data, build_model, build_trainer
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.folder import checkpoints, provenance, run_folder
from litmlp.engine.folder.provenance import changes_of_data
from litmlp.engine.folder.sweep_folder import ENSEMBLE
from litmlp.engine.folder.untrusted_folder import blame_folder
from litmlp.engine.predict.averaged_runs import Ensemble, ensemble
from litmlp.engine.predict.trained_model import TrainedModel
from litmlp.engine.run.split_metrics import (
    Metrics,
    metrics_table,
    one_device,
    split_metrics,
)
from litmlp.engine.run.tables import show_columns
from litmlp.engine.terminal.console import shortest, show
from litmlp.errors import UserError


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


def evaluate_sweep(sweep: Path) -> Metrics:
    """Measure the mean of a sweep's runs on their own rows, into ``ensemble.json``.

    Raises:
        UserError: the runs cannot be averaged, or no rows are fair to all of them.
    """
    with ensemble(sweep) as together:
        data = build_data(together.config)
        check_same_rows(together, data)
        inputs, targets = data.samples.inputs, data.samples.targets
        metrics: Metrics = {}
        for split, rows in data.rows.items():
            _, found = measure_rows(together, inputs[rows], targets[rows])
            metrics |= {f"{name}/{split}": value for name, value in found.items()}
    names = [run.folder.name for run in together.runs]
    run_folder.write_json(sweep / ENSEMBLE, {"runs": names, "metrics": metrics})
    show(f"the mean of {len(names)} runs")
    show(metrics_table(metrics))
    show(f"{shortest(sweep / ENSEMBLE)}")
    return metrics


def check_same_rows(together: Ensemble, data: Data) -> None:
    """Check that no run has learned a row that another is tested on."""
    now = provenance.of_data(data)
    for run in together.runs:
        before = run_folder.read_summary(run.folder).get("data")
        if not isinstance(before, dict) or changes_of_data(before, now):
            raise UserError(
                f"run={together.folder}: its runs were trained on different rows, or "
                "the data have changed since: give input=<file>, of rows that no run "
                "was trained on"
            )
