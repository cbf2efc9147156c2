"""The build of a run: model and Trainer, checked before any training."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from lightning.pytorch import Callback, Trainer
from lightning.pytorch import callbacks as lightning_callbacks
from omegaconf import DictConfig
from torch import nn

from litmlp.callbacks.checkpoint import BestAndLast
from litmlp.callbacks.fold_predictions import FoldPredictions
from litmlp.data.batches import auto_batch_size, auto_max_epochs
from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_model, build_trainer
from litmlp.engine.config.instantiate_node import construct_node
from litmlp.engine.config.metric_direction import check_monitors
from litmlp.engine.folder import checkpoints
from litmlp.engine.folder.untrusted_folder import blame_folder
from litmlp.engine.run.resume import check_same_data
from litmlp.engine.terminal.console import show
from litmlp.errors import UserError
from litmlp.metrics import NEEDS_BOTH, NEEDS_POSITIVES
from litmlp.optimizers import check_states
from litmlp.supervised import Supervised

UNFIT = {
    "WeightAveraging": "averaging=ema validates and keeps the average",
    "StochasticWeightAveraging": "averaging=swa validates and keeps the average",
    "ModelPruning": "its masks are no weights of the network, and the test needs these",
    "LearningRateFinder": "callbacks=lr_range suggests a rate",
    "BatchSizeFinder": "compare sizes by -m data.batch_size=32,128",
    "BackboneFinetuning": "the networks have no part that is named backbone",
}
"""Lightning's callbacks that do not go together with a run, and the reason."""

BATCHNORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


@dataclass(frozen=True, kw_only=True)
class Run:
    """The parts of a run, from its build to its record.

    Args:
        config: complete, with the task and the monitor that are used.
        folder: of the run.
        data: split and preprocessed.
        model: the network as a LightningModule.
        trainer: with all callbacks and loggers.
        start: the time of the run's clock at its start, earlier by the seconds that a
            resumed run has trained before.
    """

    config: DictConfig
    folder: Path
    data: Data
    model: Supervised
    trainer: Trainer
    start: float


def build_run(
    config: DictConfig,
    folder: Path,
    data: Data,
    point: checkpoints.Resumable | None = None,
) -> Run:
    """Build the model and the Trainer of a complete config."""
    start = time.perf_counter() - (point.content["seconds"] if point else 0.0)
    if point:
        check_same_data(folder, data)
    set_monitor(config, data)
    model = build_model(config, data)
    model.check_targets(data.samples.targets)
    check_monitor_is_defined(config.monitor, model, data)
    if point:  # checked now: Lightning loads it once the loggers are cut back
        with blame_folder(folder):
            model.load_state_dict(point.content["state_dict"])
            optimizer = model.make_optimizer()
            check_states(optimizer, point.content["optimizer_states"])
    set_auto_values(config, data)
    trainer = build_trainer(config, own_callbacks(config, folder, data))
    check_callbacks(trainer)
    join_small_batches(data, model, trainer.num_devices * trainer.num_nodes)
    return Run(
        config=config,
        folder=folder,
        data=data,
        model=model,
        trainer=trainer,
        start=start,
    )


def set_monitor(config: DictConfig, data: Data) -> None:
    """Give the config a monitored metric that this run measures."""
    if "val" not in data.rows and str(config.monitor).endswith("/val"):
        config.monitor = config.monitor.replace("/val", "/train")
        show(f"no validation rows: {config.monitor} is monitored instead")
    check_monitors(config, [split for split in data.rows if split != "test"])


def set_auto_values(config: DictConfig, data: Data) -> None:
    """Replace values that are ``auto`` by what training rows or machine make of them.

    The run saves them: it has the same bits on another machine.
    """
    if config.trainer.precision == "auto":
        config.trainer.precision = auto_precision(config.trainer.accelerator)
    if config.data.batch_size == "auto":
        config.data.batch_size = auto_batch_size(len(data.rows["train"]))
    if config.trainer.max_epochs == "auto":
        config.trainer.max_epochs = auto_max_epochs(len(data.train_batches))


def auto_precision(accelerator: str) -> str:
    """Return ``bf16-mixed`` where products of such numbers are fast, or ``32-true``."""
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        is_fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:  # an older torch does not tell
        capabilities: Any = getattr(torch.cpu, "get_capabilities", dict)()
        is_fast = bool(capabilities.get("amx_bf16"))
    return "bf16-mixed" if is_fast and accelerator != "mps" else "32-true"


def check_monitor_is_defined(monitor: str, model: Supervised, data: Data) -> None:
    """Check that the rows that choose the best epoch define the monitored metric."""
    name, split = monitor.split("/")
    metric = dict(model.metrics.items()).get(name)
    rows = data.split_targets[split]
    single = rows.ndim == 1 and bool((rows == rows[0]).all())
    if single and isinstance(metric, (*NEEDS_BOTH, *NEEDS_POSITIVES)):
        raise UserError(
            f"monitor={monitor}: all {len(rows):,} rows are of class "
            f"{data.samples.class_names[int(rows[0])]}, for which {name} is undefined: "
            f"choose monitor=loss/{split}, or other rows"
        )


def check_callbacks(trainer: Trainer) -> None:
    """Check that the run is tested at its best weights, and that these are its own."""
    callbacks = trainer.callbacks  # type: ignore[attr-defined]  # set by Lightning, not declared
    if not any(isinstance(callback, BestAndLast) for callback in callbacks):
        raise UserError(
            "callbacks.checkpoint is needed: it keeps the weights that a run is tested "
            "at; callbacks=minimal has no more than a run needs"
        )
    for callback in callbacks:
        for name, reason in UNFIT.items():
            if isinstance(callback, getattr(lightning_callbacks, name)):
                kind = type(callback).__name__
                raise UserError(f"callbacks: {kind} is not supported: {reason}")


def join_small_batches(data: Data, model: nn.Module, processes: int) -> None:
    """Give each process a row of every batch, or two rows for batchnorm."""
    has_batchnorm = any(isinstance(module, BATCHNORMS) for module in model.modules())
    data.smallest_batch = processes * (2 if has_batchnorm else 1)
    if data.train_batches.sizes[0] < data.smallest_batch:
        reason = (
            "batchnorm needs two rows per batch" if has_batchnorm else "too few rows"
        )
        raise UserError(
            f"{reason} in each of {processes} process(es): "
            f"data.batch_size={data.smallest_batch} or more"
        )


def own_callbacks(config: DictConfig, folder: Path, data: Data) -> list[Callback]:
    """Return the callbacks that other parts of the config ask for."""
    folds = (
        [] if data.num_folds is None else [FoldPredictions(folder=folder, data=data)]
    )
    averaging = config.get("averaging")  # runs of older versions lack it
    averages = [construct_node(averaging, "averaging")] if averaging else []
    return [*pruning(config), *averages, *folds]


def pruning(config: DictConfig) -> list[Callback]:
    """Return the callback that may end a trial of a search early."""
    trial = config.sweep.get("trial")
    if trial is None:
        return []
    if not HydraConfig.initialized() or "pruner" not in HydraConfig.get().sweeper:
        raise UserError(f"sweep.trial={trial}: a search gives it, hydra/sweeper=optuna")
    from litmlp.callbacks.trial_pruning import Pruning  # needs Optuna

    hydra = HydraConfig.get()
    pruner = construct_node(hydra.sweeper.pruner, "hydra.sweeper.pruner")
    folder = Path(hydra.sweep.dir)
    return [Pruning(folder=folder, trial=trial, monitor=config.monitor, pruner=pruner)]
