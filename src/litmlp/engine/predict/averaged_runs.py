"""A sweep's runs as one predictor: the mean of their predictions."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from litmlp.distributions import Distribution
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.folder import run_folder
from litmlp.engine.folder.sweep_folder import holds_runs, statuses_of
from litmlp.engine.folder.untrusted_folder import check_links
from litmlp.engine.predict.trained_model import TrainedModel, rebuild, trained
from litmlp.engine.terminal.console import show
from litmlp.ensemble import mean_outputs
from litmlp.errors import UserError
from litmlp.losses import same_loss
from litmlp.regressor import Regressor
from litmlp.supervised import Supervised


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble(TrainedModel):
    """Trained runs that predict together, in place of one ``TrainedModel``.

    The prediction is the mean of the runs' probabilities, or of their values. Runs that
    err in different ways are better together, and know better how sure they can be
    (deep ensembles, https://arxiv.org/abs/1612.01474).

    Attributes:
        model: turns :meth:`outputs` into predictions and metrics.
        sweep: the folder of the sweep.
        runs: of one task, with the same columns, targets and classes.
    """

    sweep: Path
    runs: Sequence[TrainedModel]

    @property
    def folder(self) -> Path:
        """Folder of the sweep."""
        return self.sweep

    def outputs(self, inputs: Tensor) -> Tensor:
        """Map raw rows [N, columns] to outputs [N, O] that give the mean prediction."""
        return outputs_of_mean(self.runs, inputs)

    def predict(self, inputs: Tensor) -> Tensor:
        """Map raw rows [N, columns] to predictions [N, classes or targets]."""
        return self.model.to_predictions(self.outputs(inputs))


def one_or_all(folder: Path) -> AbstractContextManager[TrainedModel]:
    """Open the trained model of a run, or those of a sweep's runs together."""
    return ensemble(folder) if holds_runs(folder) else trained(folder)


@contextmanager
def ensemble(sweep: Path) -> Iterator[Ensemble]:
    """Open the runs of a sweep that have a result, in the settings of the first.

    Raises:
        UserError: there are fewer than two, or they cannot be averaged.
    """
    check_links(sweep)
    found = statuses_of(sweep)
    folders = [folder for folder in found if found[folder] == "done"]
    if len(folders) < 2:
        raise UserError(
            f"run={sweep}: a mean needs two runs that are done and have not diverged; "
            f"this sweep has {len(folders)}"
        )
    if left_out := len(found) - len(folders):
        show(f"{left_out} of {len(found)} runs have no result and are left out")
    configs = [run_folder.read_config(folder) for folder in folders]
    with run_settings(configs[0]):
        runs = [rebuild(config) for config in configs]
        check_alike(runs)
        model = model_of_means([run.model for run in runs])
        yield Ensemble(**vars(runs[0]) | {"model": model}, sweep=sweep, runs=runs)


def check_alike(runs: Sequence[TrainedModel]) -> None:
    """Check that the predictions of runs mean the same."""
    first = meaning(runs[0])
    for run in runs:
        for name, value in meaning(run).items():
            if value != first[name]:
                raise UserError(
                    f"run={run.folder.parent}: its runs cannot be averaged, they "
                    f"differ in their {name}: {runs[0].folder.name} and "
                    f"{run.folder.name}"
                )


def meaning(run: TrainedModel) -> dict[str, Any]:
    """Return the facts that runs must share for their predictions to mean the same."""
    return {
        "task": run.config.task.name,
        "classes": run.class_names,
        "targets": run.target_names,
        "columns": run.columns,
        "output activation": repr(run.model.output_activation),
        "precision": str(run.config.trainer.precision),
    }


def model_of_means(models: Sequence[Supervised]) -> Supervised:
    """Return a model that measures mean outputs, with a loss if all have the same."""
    found = copy.deepcopy(models[0])
    if isinstance(found, Regressor):  # mean outputs are behind the activation already
        found.output_activation = nn.Identity()
        if isinstance(found.loss, Distribution):  # a mean has no distribution
            found.loss, models = nn.MSELoss(), [found, *models]
    if len({same_loss(model) for model in models}) > 1:
        found.metric_names = [name for name in found.metric_names if name != "loss"]
    return found


@torch.inference_mode()
def outputs_of_mean(runs: Sequence[TrainedModel], inputs: Tensor) -> Tensor:
    """Map raw rows [N, columns] to outputs [N, O] of the runs' mean prediction."""
    first = runs[0].model
    if isinstance(first, Regressor):
        values = sum(run.model.to_predictions(run.outputs(inputs)) for run in runs)
        return (values / len(runs) - first.target_mean) / first.target_std
    if not isinstance(first.output_activation, nn.Softmax | nn.Sigmoid):
        raise UserError(
            f"{type(first.output_activation).__name__} gives no probabilities, whose "
            "mean an ensemble predicts: its runs cannot be averaged"
        )
    outputs = [run.outputs(inputs) for run in runs]
    return mean_outputs(outputs, type(first.output_activation))
