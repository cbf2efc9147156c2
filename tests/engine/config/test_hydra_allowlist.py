"""The ``hydra:`` section of a file from elsewhere runs no code."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import CONF, Run
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from litmlp.engine.config.hydra_allowlist import check_hydra_section
from litmlp.errors import UserError

CALLS = {
    "callbacks.x._target_": "os.system",
    "callbacks.x": {
        "_target_": "litmlp.engine.folder.run_folder.discard",
        "folder": ".",
    },
    "launcher.init": {"_target_": "os.system", "_args_": ["touch ran"]},
    "sweeper.params.x._target_": "os.system",
    "job_logging.handlers.x.()": "os.system",
    "job_logging.handlers.x.filename": "ext://os.environ",
    "hydra_logging.handlers.x.filename": "${hydra.runtime.output_dir}/../../mine",
    "job.name": "../../elsewhere",
    "job_logging.handlers.file.class": "${oc.env:NOT_THERE,subprocess.Popen}",
    "job_logging.formatters.simple.class": "logging.handlers.HTTPHandler",
    "hydra_logging.formatters.x": {"()": "os.system", "command": "touch ran"},
    "hydra_logging.handlers.x.filters": ["ext://os.getcwd"],
    "job.env_set.LD_PRELOAD": "mine.so",
}


@pytest.mark.parametrize("key", CALLS)
def test_a_section_names_nothing_to_call(key: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", return_hydra_config=True)
    check_hydra_section(config.hydra)
    OmegaConf.set_struct(config, False)
    OmegaConf.update(config.hydra, key, CALLS[key], force_add=True)
    with pytest.raises(UserError, match=r"hydra\..* is not allowed"):
        check_hydra_section(config.hydra)


@pytest.mark.parametrize("sweep", [False, True])
@pytest.mark.parametrize("part", ["callbacks", "job_logging", "hydra_logging"])
def test_an_experiment_file_from_elsewhere_runs_no_code(
    part: str, sweep: bool, run: Run, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    call: dict[str, Any] = {"_target_": "pathlib.Path.touch", "self": str(ran)}
    if part != "callbacks":
        call = {"()": "os.mkdir", "path": str(ran)}
    section = {part: {"x": call} if part == "callbacks" else {"handlers": {"x": call}}}
    theirs = tmp_path / "theirs" / "experiment" / "evil.yaml"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("# @package _global_\n" + json.dumps({"hydra": section}))
    own = ["-m", "experiment=evil,evil"] if sweep else ["experiment=evil"]
    ended = run("train", f"--config-dir={tmp_path}/theirs", *own, "data=iris")
    line = ended.mistake
    assert f"hydra.{part}." in line
    assert "is not allowed" in line
    assert [path.name for path in tmp_path.rglob("*") if path.name == "ran"] == []
    assert not list(tmp_path.rglob("summary.json"))


def test_values_that_only_look_like_calls_are_allowed() -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        ray = compose("train", ["hydra/launcher=ray"], return_hydra_config=True)
    OmegaConf.set_struct(ray, False)
    ray.hydra.launcher.init.address = "ray://head:10001"
    ray.hydra.sweeper.params = {"data.class": "a,b", "model._target_": "mine.A,mine.B"}
    check_hydra_section(ray.hydra)


def test_a_copied_environment_variable_is_refused(run: Run) -> None:
    ended = run("train", "data=iris", "hydra.job.env_copy=[HOME]")
    assert ended.code == 1
    assert "hydra.job.env_set.HOME is not allowed" in ended.err
