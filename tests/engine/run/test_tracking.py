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
GROUP = ("-m", "hydra/launcher=vectorized", "seed=0,1", "hydra.sweep.dir=sweep")


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


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of packages that are not ours
def test_mlflow_has_parameters_curves_and_status_of_each_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert run("train", *QUICK, "logger=mlflow", "hydra.run.dir=one").code == 0
    assert run("train", *QUICK, "logger=mlflow", *GROUP).code == 0
    assert run("train", *QUICK, "logger=mlflow", "optimizer.lr=1e30").code == 1
    client = mlflow.MlflowClient("sqlite:///mlflow.db")
    (experiment,) = client.search_experiments(filter_string="name = 'default'")
    found = {r.info.run_name: r for r in client.search_runs([experiment.experiment_id])}
    sweep = {path.parent.name for path in tmp_path.glob("sweep/*/summary.json")}
    assert len(sweep) == 2
    for name in ("one", *sweep):
        entry = found.pop(name)
        assert entry.info.status == "FINISHED"
        assert entry.data.params["optimizer.lr"] == "0.02"
        assert entry.data.params["activation"] == "relu"
        assert entry.data.metrics["best_epoch"] == 2
        history = client.get_metric_history(entry.info.run_id, "loss/val")
        assert [point.step for point in history] == [3, 6]
    (diverged,) = found.values()
    assert diverged.info.end_time


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of packages that are not ours
def test_wandb_has_parameters_curves_and_status_of_each_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    offline = ("logger=wandb", "logger.wandb.mode=offline")
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # without the user's key
    ended = run("train", *QUICK, "logger=wandb", "hydra.run.dir=lost")
    (line,) = (text for text in ended.err.splitlines() if "wandb: WARN" not in text)
    assert line.startswith("error: logger.wandb: No API key configured")
    assert not (tmp_path / "lost").exists()
    assert run("train", *QUICK, *offline, "hydra.run.dir=one").code == 0
    assert run("train", *QUICK, *offline, *GROUP).code == 0
    names = {"one", *(path.name for path in tmp_path.glob("sweep/seed-*"))}
    written = [p.read_bytes() for p in tmp_path.glob("wandb/offline-run-*/*.wandb")]
    assert len(written) == len(names) == 3
    for words in (b"activation", b"loss/val"):
        assert all(words in content for content in written)
    for name in names:
        assert any(name.encode() in content for content in written)
