"""Every option of ``hydra/sweeper/sampler`` and ``hydra/sweeper/pruner`` is built."""

from pathlib import Path

import pytest
from conftest import CONF
from omegaconf import OmegaConf

from litmlp.construct import resolve
from litmlp.engine.config.instantiate_node import construct_node

FILES = [*(CONF / "hydra" / "sweeper").glob("[sp]*er/*.yaml")]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.stem))
def test_each_file_builds_its_class(path: Path) -> None:
    node = OmegaConf.load(path)
    built = construct_node(node, "hydra.sweeper")
    built = built(seed=0) if node.get("_partial_") else built
    assert type(built) is resolve(node._target_, "hydra.sweeper")
