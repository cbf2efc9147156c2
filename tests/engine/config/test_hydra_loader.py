"""A launch's config is composed once, and is the one that Hydra composes twice."""

from pathlib import Path
from unittest.mock import patch

import pytest
from conftest import Run
from hydra._internal.config_loader_impl import ConfigLoaderImpl

from litmlp.engine.config import hydra_loader

IDLE = ("data=iris", "trainer=cpu", "trainer.max_steps=0")
LAUNCHES = {
    "a run": ("hydra.run.dir=run",),
    "a sweep": ("-m", "activation=relu,tanh", "hydra.sweep.dir=run"),
    "a sweep in a file": ("experiment=sweep/lr_and_batch", "hydra.sweep.dir=run"),
}


def saved(folder: Path) -> dict[str, str]:
    """All configs of a launch, by the place of their file."""
    paths = folder.rglob("run/**/.hydra/*.yaml")
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


@pytest.mark.parametrize("launch", LAUNCHES)
def test_it_is_the_config_that_hydra_composes(
    launch: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = patch.object(
        ConfigLoaderImpl,
        "_load_configuration_impl",
        autospec=True,
        side_effect=ConfigLoaderImpl._load_configuration_impl,
    )
    monkeypatch.setattr(
        "litmlp.engine.run.run_card.defaults", dict
    )  # composed once a process
    with count as once:
        assert run("train", *LAUNCHES[launch], *IDLE).code == 0
    ours = saved(tmp_path)
    (tmp_path / "run").rename(tmp_path / "ours")
    monkeypatch.setattr(hydra_loader.CheckedLoader, "_known", lambda *_: None)
    with count as twice:
        assert run("train", *LAUNCHES[launch], *IDLE).code == 0
    assert twice.call_count == once.call_count + 1
    assert ours
    assert saved(tmp_path) == ours


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("activation=relu,tanh", "Ambiguous value for argument 'activation=relu,tanh'"),
        ("activation=rel", "activation=rel: no such option. Did you mean relu?"),
        ("hydra.job_logging.handlers.file.class=os.system", "is not allowed"),
    ],
)
def test_a_mistake_is_told_as_ever(given: str, told: str, run: Run) -> None:
    ended = run("train", given)
    assert ended.code == 1
    assert told in ended.err
    assert ended.err.count("\n") <= 4
