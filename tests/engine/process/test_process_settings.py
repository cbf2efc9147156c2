"""Members of a sweep leave nothing to one another."""

import json
import logging
import os
import warnings
from pathlib import Path

import matplotlib
import pytest
import torch
from conftest import Compose, Run
from omegaconf import DictConfig

from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.run.train import train

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=2", "dropout=dropout")
IDLE = ("data=iris", "trainer=cpu", "trainer.max_steps=0")
STRANGE = "{precision: 64-true, deterministic: true, detect_anomaly: true, threads: 2}"
PLAIN = "{precision: 32-true, deterministic: false, detect_anomaly: false, threads: 1}"
FAILING = PLAIN.replace("threads: 1", "threads: 0")
FOLLOWING = (
    *("trainer.precision=${all.precision}", "num_threads=${all.threads}"),
    "+trainer.deterministic=${all.deterministic}",
    "trainer.detect_anomaly=${all.detect_anomaly}",
)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    path = folder / "checkpoints" / "last.ckpt"
    state: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["state_dict"]
    return state


def by_hash(place: Path) -> dict[str, Path]:
    """Runs below a folder by the hash of their config."""
    return {
        json.loads(path.read_text())["config_hash"]: path.parent
        for path in place.rglob("summary.json")
    }


def test_a_run_ends_with_the_weights_of_the_same_run_alone(
    run: Run, tmp_path: Path
) -> None:
    choices = f"+all={STRANGE},{FAILING},{PLAIN}"
    ended = run("train", "-m", choices, *FOLLOWING, "name=together", *QUICK)
    assert ended.code == 1
    assert "num_threads=0: must be 1 or more" in ended.err
    runs = by_hash(tmp_path / "logs" / "together")
    assert len(runs) == 3
    for choice in (PLAIN, STRANGE):
        run("train", f"+all={choice}", *FOLLOWING, "name=alone", *QUICK)
    alone = by_hash(tmp_path / "logs" / "alone")
    assert len(alone) == 2
    for code, folder in alone.items():
        together = weights(runs[code])
        for name, value in weights(folder).items():
            assert value.dtype == together[name].dtype
            assert torch.equal(value, together[name]), name


def change_everything() -> None:
    torch.set_float32_matmul_precision("medium")
    torch.use_deterministic_algorithms(True)
    torch.set_grad_enabled(False)
    torch.autograd.set_detect_anomaly(True)
    torch.backends.cudnn.benchmark = True
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    del os.environ["PATH"]
    os.chdir("/")
    warnings.simplefilter("ignore")


def test_a_run_leaves_the_process_as_it_was(config: Compose) -> None:
    def state() -> dict[str, object]:
        return {
            "threads": torch.get_num_threads(),
            "dtype": torch.get_default_dtype(),
            "matmul": torch.get_float32_matmul_precision(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "gradients": torch.is_grad_enabled(),
            "anomalies": torch.is_anomaly_enabled(),
            "benchmark": torch.backends.cudnn.benchmark,
            "environment": dict(os.environ),
            "folder": Path.cwd(),
            "filters": list(warnings.filters),
            "handlers": list(logging.getLogger().handlers),
            "level": logging.getLogger("lightning.pytorch").level,
            "pictures": dict(matplotlib.rcParams),
            "draw": float(torch.rand(1)),
        }

    torch.manual_seed(0)
    before = state()
    torch.manual_seed(0)
    with run_settings(config("seed=1", "num_threads=2")):
        change_everything()
    assert state() == before


@pytest.mark.slow
def test_memory_stays_flat_over_200_runs(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = []

    def train_and_measure(config: DictConfig) -> float:
        value = train(config)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        resident.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
        return value

    monkeypatch.setattr("litmlp.engine.run.train.train", train_and_measure)
    run("train", "-m", "seed=range(200)", *IDLE)
    every_20 = resident[19::20]
    assert every_20[-1] - every_20[0] < 20, every_20  # MiB
