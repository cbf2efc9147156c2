"""What Weights & Biases, MLflow and any other logger of Lightning get of a run."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger

from litmlp.engine.config.build import with_names
from litmlp.engine.folder.untrusted_folder import check_writers
from litmlp.engine.run.record import open_loggers
from litmlp.errors import UserError

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=2", "optimizer.lr=0.02")


class Noted(CSVLogger):
    """Notes how it is ended."""

    ends: list[str]

    def finalize(self, status: str) -> None:
        self.ends = [*getattr(self, "ends", []), status]


def test_a_logger_is_told_how_a_run_ends(tmp_path: Path) -> None:
    for error, status in ((None, "success"), (UserError("no"), "failed")):
        logger = Noted(str(tmp_path))
        trainer = Trainer(logger=logger, accelerator="cpu", enable_checkpointing=False)
        try:
            with open_loggers(trainer):
                if error:
                    raise error
        except UserError:
            pass
        assert logger.ends == [status]


def test_any_logger_gets_the_hyperparameters(run: Run, tmp_path: Path) -> None:
    own = "+logger.mine={_target_: lightning.pytorch.loggers.CSVLogger, name: ???, "
    own += "save_dir: ${folder}, version: ''}"
    assert run("train", *QUICK, "logger=none", own, "hydra.run.dir=one").code == 0
    written = (tmp_path / "one" / "one" / "hparams.yaml").read_text()
    assert "optimizer.lr: 0.02" in written
    assert "activation: relu" in written


def test_a_logger_without_a_name_is_named_like_the_folder(config: Any) -> None:
    loggers = config("logger=many").logger
    named = with_names(loggers, "mine")
    assert (named.wandb.name, named.mlflow.run_name) == ("mine", "mine")


def test_a_resumed_run_logs_to_a_place_of_its_user(config: Any) -> None:
    check_writers(config("logger=many", "trainer=profile"), Path("config.yaml"))
    up = config("trainer=profile", "trainer.profiler.filename=../profile")
    with pytest.raises(UserError, match=r"trainer\.profiler\.filename"):
        check_writers(up, Path("config.yaml"))
    elsewhere = config("logger=mlflow", "logger.mlflow.tracking_uri='http://x'")
    with pytest.raises(UserError, match=r"logger\.mlflow\.tracking_uri"):
        check_writers(elsewhere, Path("config.yaml"))
