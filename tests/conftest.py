"""Shared fixtures: composing configs, and running the scripts as a user would."""

import contextlib
import functools
import logging
import pickle
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import omegaconf
import pytest
from hydra import compose, initialize_config_dir
from hydra._internal import defaults_list
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.defaults_list import Overrides
from hydra._internal.hydra import Hydra
from hydra.core.default_element import InputDefault
from hydra.core.hydra_config import HydraConfig
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult
from hydra.types import RunMode
from omegaconf import DictConfig, grammar_parser

from litmlp.own_packages import OWN_PACKAGES

ROOT = Path(__file__).resolve().parents[1]
CONF = ROOT / "conf"

collect_ignore = ["projects"]  # each has tests of its own, for its own package

Compose = Callable[..., DictConfig]
Run = Callable[..., "Ended"]
Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session", autouse=True)
def composing_is_quick() -> Iterator[None]:
    """Composing is most of the time of a short run: it reads each file of conf/ once.

    Hydra also composes each command a first time to learn ``hydra.mode`` alone. It does
    so here for the commands that may name a mode. For each file it builds a config of
    all choices, which only a default with an interpolation needs. OmegaConf parses a
    reference each time that it is read.
    """
    load, read = ConfigRepository.load_config, dict[str, bytes]()
    choices = defaults_list._create_interpolation_map
    get_mode, naming = Hydra.get_mode, ("hydra.mode", "hydra.searchpath", "experiment")

    def load_once(self: ConfigRepository, config_path: str) -> ConfigResult | None:
        source = self._find_object_source(config_path, ObjectType.CONFIG)
        if source is None or source.path not in (str(CONF), "hydra.conf"):
            return load(self, config_path)
        key = f"{source.provider} {source.path} {config_path}"
        if key not in read:
            read[key] = pickle.dumps(load(self, config_path))
        found: ConfigResult = pickle.loads(read[key])
        return found

    def mode_if_named(
        self: Hydra, config_name: str | None, overrides: list[str]
    ) -> RunMode | None:
        if Path("conf").exists() or any(n in o for n in naming for o in overrides):
            mode: RunMode | None = get_mode(self, config_name, overrides)
            return mode
        return None

    def choices_if_needed(
        overrides: Overrides, defaults: list[InputDefault], self_added: bool
    ) -> DictConfig:
        if any("${" in str(default) for default in defaults):
            return choices(overrides, defaults, self_added)
        return DictConfig({})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ConfigRepository, "load_config", load_once)
        patch.setattr(defaults_list, "_create_interpolation_map", choices_if_needed)
        patch.setattr(Hydra, "get_mode", mode_if_named)
        for module in (omegaconf._utils, omegaconf.base):
            patch.setattr(module, "parse", functools.cache(grammar_parser.parse))
        yield


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Compose]:
    """config("data=iris", …) composes conf/train.yaml for a run in tmp_path/run."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield lambda *overrides, folder="run": compose(
            "train", [f"folder={tmp_path / folder}", *overrides]
        )


@dataclass
class Ended:
    """How a script ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def mistake(self) -> str:
        """The one line of a script that has refused its arguments."""
        (line,) = self.err.splitlines()
        assert self.code == 1
        assert line.startswith("error: ")
        return line


def files_of(folder: Path) -> dict[Path, bytes]:
    """All files below a folder, with what they hold."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """What a script run in this process leaves of itself, until another is run."""
    yield
    OWN_PACKAGES.clear()
    HydraConfig.instance().cfg = None
    root = logging.getLogger()
    for handler in root.handlers[:]:
        # pytest's own are subclasses
        if type(handler) in (logging.FileHandler, logging.StreamHandler):
            root.removeHandler(handler)
            handler.close()


@pytest.fixture
def caplog(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Also hears ``litmlp.data``, whose lines the engine keeps from the root logger."""
    log = logging.getLogger("litmlp.data")
    log.addHandler(caplog.handler)
    caplog.set_level(logging.INFO, log.name)
    yield caplog
    log.removeHandler(caplog.handler)


def exit_code(name: str, *arguments: str) -> int:
    """Run a script in this process; returns its exit code."""
    path = str(ROOT / "scripts" / f"{name}.py")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [path, *arguments])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(path, run_name="__main__")
    return int(end.value.code or 0)


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """run("train", "data=iris", …) runs scripts/train.py in here, with cwd tmp_path."""

    def run_script(name: str, *arguments: str) -> Ended:
        monkeypatch.chdir(tmp_path)
        capfd.readouterr()
        return Ended(exit_code(name, *arguments), *capfd.readouterr())

    return run_script


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """begin("seed=0,1", …) begins a sweep into tmp_path/sweep, in another process."""
    from launched import started  # which takes ROOT from here

    with contextlib.ExitStack() as begun:
        yield lambda *arguments: begun.enter_context(
            started(
                *(tmp_path, "-m", "hydra.sweep.dir=sweep", *arguments),
                stderr=subprocess.STDOUT,
            )
        )
