"""A run of a GPU goes on without one, and a strategy that cannot work is refused."""

from pathlib import Path

import pytest
import torch
from conftest import Compose, Run
from omegaconf import OmegaConf

from litmlp.engine.config.build import build_trainer
from litmlp.errors import UserError

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=1", "logger=none")


@pytest.mark.parametrize(
    "overrides",
    [
        ("trainer.devices=2",),
        ("trainer.strategy=ddp",),
        ("trainer.devices=2", "trainer.strategy=ddp_find_unused_parameters_true"),
    ],
)
def test_strategy_that_starts_the_command_again_is_refused_with_the_cure(
    overrides: tuple[str, ...], config: Compose
) -> None:
    with pytest.raises(UserError, match="choose trainer=ddp"):
        build_trainer(config("trainer=cpu", *overrides))


@pytest.mark.skipif(torch.accelerator.is_available(), reason="needs no GPU")
def test_run_of_a_gpu_is_evaluated_and_resumed_on_a_cpu(
    run: Run, tmp_path: Path
) -> None:
    assert run("train", *QUICK, "hydra.run.dir=a").code == 0
    saved = tmp_path / "a" / ".hydra" / "config.yaml"
    config = OmegaConf.load(saved)
    config.trainer.accelerator, config.trainer.devices = "gpu", [1]
    OmegaConf.save(config, saved)
    ended = run("evaluate", "run=a")
    assert (ended.code, ended.err) == (0, "")
    assert "this machine lacks trainer.accelerator=gpu" in ended.out
    assert "the same as in summary.json, to the last digit" in ended.out
    ended = run("train", "resume=a", "trainer.max_epochs=2")
    assert (ended.code, ended.err) == (0, "")
    assert "this machine lacks trainer.accelerator=gpu" in ended.out


@pytest.mark.parametrize("logging", ["none", "disabled"])
def test_log_of_hydra_can_be_another(logging: str, run: Run) -> None:
    ended = run("train", *QUICK, f"hydra/job_logging={logging}")
    assert (ended.code, ended.err) == (0, "")
    assert "[HYDRA]" not in ended.out  # the console shows each line once
