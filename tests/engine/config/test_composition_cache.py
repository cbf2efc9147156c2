"""The configs of a sweep equal Hydra's, and are composed once per choice."""

from collections.abc import Iterator

import pytest
from conftest import CONF
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from litmlp.engine.config.composition_cache import NAMES, ComposedOnce


@pytest.fixture
def loader() -> Iterator[ConfigLoader]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def swept(loader: ConfigLoader) -> DictConfig:
    return loader.load_configuration("train", ["hydra.mode=MULTIRUN"], RunMode.MULTIRUN)


@pytest.mark.parametrize(
    "overrides",
    [
        ["data=iris", "seed=1", "activation=tanh", "optimizer.lr=1e-2"],
        ["model.hidden_sizes=[3,4]", "seeds.order=5", "trainer.max_time=null"],
        ["initializer@bias_initializer=normal", "callbacks.checkpoint.every_epochs=3"],
        ["optimizer.lr=0.1", "optimizer={lr: 3}", "seed=2"],
        ["seed=2", "+seeds.mine=3"],
        ["~callbacks.early_stopping", "seed=2"],
        ["name='a,b'", "loss.weight=[1,2,3]"],
        ["model.activation=[relu,tanh]", "model.dropout=dropout", "seed=2"],
        ["callbacks.early_stopping=null", "seeds={order: 4}", "seed=2"],
        ["experiment=sweep/lr_and_batch", "trainer.max_epochs=2"],
    ],
    ids=str,
)
def test_a_runs_config_is_the_one_that_hydra_composes(
    loader: ConfigLoader, overrides: list[str]
) -> None:
    sweep = swept(loader)
    own, hydras = ComposedOnce(loader), loader.load_sweep_config(sweep, overrides)
    own.load_sweep_config(sweep, ["seed=9", *overrides])
    for _ in range(2):
        config = own.load_sweep_config(sweep, overrides)
        assert OmegaConf.to_yaml(config) == OmegaConf.to_yaml(hydras)
        assert OmegaConf.is_struct(config)


def test_runs_that_differ_in_values_are_composed_once(
    loader: ConfigLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep, asked = swept(loader), []
    compose = loader.load_sweep_config
    monkeypatch.setattr(
        loader, "load_sweep_config", lambda *given: asked.append(1) or compose(*given)
    )
    own = ComposedOnce(loader)
    for activation in ("relu", "tanh"):
        for seed in range(5):
            member = [f"activation={activation}", f"seed={seed}", "optimizer.lr=0.1"]
            config = own.load_sweep_config(sweep, member)
            assert (config.seed, config.optimizer.lr) == (seed, 0.1)
            assert config.activation._target_.lower().endswith(activation)
    assert len(asked) == 2


def test_runs_share_the_names_of_the_sweeps_folders(loader: ConfigLoader) -> None:
    """Each with its own would take memory by the square of the number of runs."""
    sweep, own = swept(loader), ComposedOnce(loader)
    OmegaConf.get_cache(sweep)[NAMES] = {"('sweep',)": ["seed-1", "seed-2"]}
    configs = [own.load_sweep_config(sweep, [f"seed={n}"]) for n in range(3)]
    configs.append(own.load_sweep_config(sweep, ["data=iris", "seed=1"]))
    first, *others = (OmegaConf.get_cache(config)[NAMES] for config in configs)
    assert first == {"('sweep',)": ["seed-1", "seed-2"]}
    assert all(other is first for other in others)
