"""Every option of ``hydra/sweeper/sampler`` and ``hydra/sweeper/pruner`` is built."""

import warnings
from pathlib import Path

import optuna
import pytest
from conftest import CONF
from omegaconf import OmegaConf

from litmlp.construct import resolve
from litmlp.engine.config.instantiate_node import construct_node


def options(group: str) -> pytest.MarkDecorator:
    paths = sorted((CONF / "hydra" / "sweeper" / group).iterdir())
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.stem))


@options("sampler")
def test_sampler_suggests(path: Path) -> None:
    node = OmegaConf.load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = construct_node(node, "hydra.sweeper.sampler")(seed=0)
    assert isinstance(sampler, optuna.samplers.BaseSampler)
    assert type(sampler) is resolve(node._target_, "hydra.sweeper.sampler")
    trial = optuna.create_study(sampler=sampler).ask()
    assert trial.suggest_int("a", 1, 3) in (1, 2, 3)


@options("pruner")
def test_pruner_decides(path: Path) -> None:
    node = OmegaConf.load(path)
    # Hyperband's brackets follow from the name, which is drawn if none is given.
    study = optuna.create_study(
        study_name="search", pruner=construct_node(node, "hydra.sweeper.pruner")
    )
    assert type(study.pruner) is resolve(node._target_, "hydra.sweeper.pruner")
    for value in (1.0,) * 6 + (2.0,) * 6:
        trial = study.ask()
        for epoch in range(1, 17):
            trial.report(value, epoch)
        pruned = trial.should_prune()
        study.tell(trial, value)
    assert pruned == (path.stem != "none")
