"""Small ensembles, trained on wine, for the tests of their training."""

from pathlib import Path

from conftest import Compose
from omegaconf import DictConfig
from torch import Tensor, nn

from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_data
from litmlp.engine.config.complete_config import complete
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.run.prepare import Run, build_run
from litmlp.engine.run.train import fit
from litmlp.ensemble import Ensemble
from litmlp.supervised import Supervised

QUICK = ("trainer=cpu", "trainer.max_epochs=3", "callbacks=minimal", "logger=none")
WINE = (*QUICK, "data=wine", "model.hidden_sizes=[8]")
FOLDS = (*WINE, "ensemble=folds", "ensemble.size=3")


def built(composed: DictConfig, data: Data | None = None) -> Run:
    """A run before its first step."""
    composed = complete(composed)
    return build_run(composed, Path(composed.folder), data or build_data(composed))


def trained(
    config: Compose, *overrides: str, data: Data | None = None, folder: str = "run"
) -> Supervised:
    composed = config(*overrides, folder=folder)
    with run_settings(composed):
        run = built(composed, data)
        fit(run, None)
    return run.model


def ensemble_of(model: Supervised) -> Ensemble:
    assert isinstance(model.network, Ensemble)
    return model.network


def weights(module: nn.Module) -> Tensor:
    return nn.utils.parameters_to_vector(module.parameters())
