"""A sweep's jobs are to their task and to callbacks what Hydra's own are."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import CONF
from hydra import initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig

from hydra_plugins.litmlp_sequential import SequentialLauncher
from litmlp.engine.sweep.launch_state import launching


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> Iterator[ConfigLoader]:
    logs, singleton = logging.getLogger().handlers[:], HydraConfig.instance()
    monkeypatch.setattr(singleton, "cfg", None)  # another test's may still be there
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()
    logging.getLogger().handlers = logs
    assert singleton.cfg is None


def surroundings() -> dict[str, Any]:
    hydra, root = HydraConfig.get(), logging.getLogger()
    return {
        "number": hydra.job.num,
        "folder": hydra.runtime.output_dir,
        "place": os.getcwd(),
        "logs": [(type(h), getattr(h, "baseFilename", "")) for h in root.handlers],
    }


class Watch(Callback):
    """Notes what there is to see at a job's start, in its task and at its end."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        self.seen.append((surroundings(),))

    def task(self, config: DictConfig) -> float:
        logging.getLogger(__name__).info("here")
        self.seen.append((surroundings(), config))
        if config.seed == 2:
            raise ValueError("two")
        return float(config.seed)

    def on_job_end(
        self, config: DictConfig, job_return: JobReturn, **kwargs: Any
    ) -> None:
        self.seen.append((surroundings(), vars(job_return)))


def launched(kind: type[Launcher], loader: ConfigLoader, *overrides: str) -> list[Any]:
    sweep = ["hydra.mode=MULTIRUN", *overrides]
    config = loader.load_configuration("train", sweep, RunMode.MULTIRUN)
    watch, callbacks, launcher = Watch(), Callbacks(), kind()
    callbacks.callbacks = [watch]
    launcher.setup(
        hydra_context=HydraContext(loader, callbacks),
        task_function=watch.task,
        config=config,
    )
    with launching():
        launcher.launch([["seed=1"], ["seed=2"]], 5)
    return watch.seen


@pytest.mark.parametrize("chdir", ["true", "false"])
def test_a_job_is_what_it_is_in_hydras_own_launcher(
    chdir: str, loader: ConfigLoader, tmp_path: Path
) -> None:
    places = (f"hydra.sweep.dir={tmp_path}", "hydra.sweep.subdir=s-${seed}")
    given = (*places, f"hydra.job.chdir={chdir}", "hydra.output_subdir=own")
    hydras = launched(BasicLauncher, loader, *given)
    files = {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")}
    for path in files:
        path.unlink()
    ours = launched(SequentialLauncher, loader, *given)
    assert len(ours) == 6
    assert str(ours) == str(hydras)  # of configs and errors, too
    assert len(files) == 6
    assert files == {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")}
