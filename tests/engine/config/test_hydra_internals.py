"""Hydra's private names do what engine/config/hydra_internals.py takes them for.

When one of these tests fails after a new version of Hydra, that name has changed.
"""

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from litmlp.engine.config.hydra_internals import every_combination, overrides_dirname


def test_a_sweep_is_split_as_hydras_own_sweeper_splits_it() -> None:
    overrides = OverridesParser.create().parse_overrides(["a=1,2", "b=range(2)", "c=3"])
    runs = [["a=1", "b=0", "c=3"], ["a=1", "b=1", "c=3"]]
    runs += [["a=2", "b=0", "c=3"], ["a=2", "b=1", "c=3"]]
    assert every_combination(overrides) == runs


def test_a_run_is_named_by_its_overrides() -> None:
    overrides = OverridesParser.create().parse_overrides(["a=1", "seed=3", "b=2"])
    settings = {"kv_sep": "-", "item_sep": "+", "exclude_keys": ["seed"]}
    assert overrides_dirname(overrides, OmegaConf.create(settings)) == "a-1+b-2"
