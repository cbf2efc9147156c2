"""Hydra's private names do what engine/config/hydra_internals.py takes them for.

When one of these tests fails after a new version of Hydra, that name has changed.
"""

import hydra._internal.hydra
import pytest
from conftest import CONF
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.hydra import Hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from litmlp.engine.config.hydra_internals import (
    every_combination,
    overrides_dirname,
    use_checked_loader,
)
from litmlp.errors import UserError


def test_hydra_composes_with_the_class_of_that_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hydra._internal.hydra, "ConfigLoaderImpl", ConfigLoaderImpl)
    use_checked_loader()
    evil = "+hydra.callbacks.x={_target_: os.system}"
    try:
        main = Hydra.create_main_hydra_file_or_module(
            str(CONF / "x.py"), None, ".", "x"
        )
        with pytest.raises(UserError, match=r"hydra\.callbacks\.x.* is not allowed"):
            main.compose_config("train", [evil], hydra.types.RunMode.RUN)
    finally:
        GlobalHydra.instance().clear()


def test_a_sweep_is_split_as_hydras_own_sweeper_splits_it() -> None:
    overrides = OverridesParser.create().parse_overrides(["a=1,2", "b=range(2)", "c=3"])
    runs = [["a=1", "b=0", "c=3"], ["a=1", "b=1", "c=3"]]
    runs += [["a=2", "b=0", "c=3"], ["a=2", "b=1", "c=3"]]
    assert every_combination(overrides) == runs


def test_a_run_is_named_by_its_overrides() -> None:
    overrides = OverridesParser.create().parse_overrides(["a=1", "seed=3", "b=2"])
    settings = {"kv_sep": "-", "item_sep": "+", "exclude_keys": ["seed"]}
    assert overrides_dirname(overrides, OmegaConf.create(settings)) == "a-1+b-2"
