"""Names of the runs of a sweep."""

import re

from omegaconf import OmegaConf

from litmlp.engine.folder.sweep_folder import run_name


def test_names_are_short_and_safe() -> None:
    config = OmegaConf.create({"seed": 1})
    overrides = ["data=wine", "model.hidden_sizes=[64,64]", "optimizer.lr=1e-3"]
    name = run_name(overrides, ["data=wine"], config)
    assert re.fullmatch(
        r"model\.hidden_sizes-64-64\+optimizer\.lr-1e-3-[0-9a-f]{8}", name
    )
    long = run_name(["a=" + "../x" * 200], [], config)
    assert len(long) <= 100 + 9
    assert re.fullmatch(r"[A-Za-z0-9._+-]+", long)
    assert not long.startswith(".")


def test_an_added_value_does_not_rename_the_others() -> None:
    config = OmegaConf.create({"seed": 1})
    assert run_name(["seed=1"], ["seed=1,2"], config) == run_name(
        ["seed=1"], ["seed=1,2,3"], config
    )
