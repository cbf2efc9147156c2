"""Runs in other processes are the runs that one process makes, and none is lost."""

import re
import signal
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from conftest import Begin, Run
from hydra._internal.callbacks import Callbacks
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra.types import HydraContext
from launched import (
    are_gone,
    begun_again,
    children,
    reported_runs,
    run_folders,
    status,
    wait_until,
)
from omegaconf import DictConfig, OmegaConf

from litmlp.engine.folder.run_folder import write_summary
from litmlp.engine.sweep.job_launcher import Job
from litmlp.engine.sweep.parallel_launcher import SentJobs

JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=2", "dropout=dropout")


def weights(folder: Path) -> dict[str, torch.Tensor]:
    checkpoint = torch.load(folder / "checkpoints" / "best.ckpt", weights_only=True)
    state: dict[str, torch.Tensor] = checkpoint["state_dict"]
    return state


def test_processes_train_the_same_bits_and_tell_of_failures(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_tanh.py").write_text(
        "from torch import nn\nclass Own(nn.Tanh): 0\n"
    )
    project = '[tool.litmlp]\npackages = ["own_tanh"]\n'
    (tmp_path / "pyproject.toml").write_text(project)
    own = "activation._target_=own_tanh.Own"
    axes = (*QUICK, own, "seed=0,1", "optimizer.lr=0.01,-1", "hydra.sweep.dir=${name}")
    one = run("train", "-m", "name=one", *axes)
    two = run("train", "-m", "name=two", *axes, *JOBLIB)
    assert one.code == two.code == 1
    alone, together = (run_folders(tmp_path / name) for name in ("one", "two"))
    assert set(alone) == set(together)
    assert len(together) == 4
    for name, folder in together.items():
        if status(folder) == "failed":
            assert "lr-1-" in name
            continue
        expected = weights(alone[name])
        for key, tensor in weights(folder).items():
            assert torch.equal(tensor, expected[key])
    lines = two.out.splitlines()
    title = next(i for i, line in enumerate(lines) if line.endswith("lr=0.01"))
    assert re.match(r"  \d/4  loss/val ", lines[title + 1])
    mistake = "error: optimizer: Invalid learning rate: -1.0"
    assert two.err.splitlines() == [mistake, mistake]


@pytest.mark.parametrize(
    ("launcher", "mistake"),
    [
        (
            [*JOBLIB[:1], "hydra.launcher.n_jobs=0"],
            "hydra.launcher.n_jobs=0: expected 1 or more, or -1",
        ),
        (["hydra/launcher=ray"], "this launcher needs ray: pip install litmlp[ray]"),
    ],
)
def test_a_mistake_or_a_missing_engine_is_one_line_and_starts_nothing(
    launcher: list[str],
    mistake: str,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("litmlp.engine.sweep.parallel_launcher.find_spec", {}.get)
    ended = run("train", "-m", "seed=0,1", *QUICK, *launcher)
    assert ended.code == 1
    assert ended.err.splitlines() == [f"error: {mistake}"]
    assert not list(tmp_path.rglob("summary.json"))


def test_a_run_that_an_attempt_has_done_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    write_summary(tmp_path / "run", {"status": "done", "best_value": 0.25})
    config = {
        "mode": "min",
        "hydra": {
            "sweep": {"dir": str(tmp_path), "subdir": "run"},
            "runtime": {"output_dir": "???"},
            "overrides": {"task": ["seed=1"]},
        },
    }

    def task(config: DictConfig) -> float:
        raise AssertionError("it was trained again")

    context = HydraContext(ConfigLoaderImpl(ConfigSearchPathImpl()), Callbacks())
    job = Job(OmegaConf.create(config), context, task)
    ended = SentJobs(groups=[[job]], directory=str(tmp_path))()
    assert ended.stop is None
    job.read_result()
    assert job.result.return_value == 0.25
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["summary.json"]


NEEDS_RAY = pytest.mark.skipif(
    find_spec("ray") is None, reason="pip install litmlp[ray]"
)
RAY = ("hydra/launcher=ray", "+hydra.launcher.init.num_cpus=2")
AT_ONCE = [
    (JOBLIB, 2),
    (("hydra/launcher=submitit_local",), 4),
    pytest.param(RAY, 2, marks=NEEDS_RAY),
]
"""How many of four runs a launcher trains at once."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(("launcher", "at_once"), AT_ONCE)
def test_a_signal_ends_all_runs_and_starts_no_other(
    launcher: tuple[str, ...], at_once: int, name: str, begin: Begin, tmp_path: Path
) -> None:
    endless = ("trainer.max_epochs=100000", "callbacks=minimal", "logger=none")
    often = "callbacks.checkpoint.every_seconds=0.1"
    axes = ("seed=range(4)", "data=iris", "trainer=cpu")
    process = begin(*axes, *endless, often, *launcher)
    last = "sweep/*/checkpoints/last.ckpt"
    wait_until(lambda: len([*tmp_path.glob(last)]) == at_once)
    process.send_signal(getattr(signal, name))
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + getattr(signal, name)
    assert "the sweep is incomplete" in out
    assert "Traceback" not in out
    begun = run_folders(tmp_path / "sweep").values()
    assert [status(folder) for folder in begun] == ["interrupted"] * at_once


@pytest.mark.slow
def test_a_killed_launcher_takes_its_runs_along_and_is_followed_at_once(
    begin: Begin, tmp_path: Path
) -> None:
    each = ("callbacks.checkpoint.every_epochs=1", "trainer.max_epochs=200")
    axes = ("seed=range(5)", *QUICK, *each, "callbacks=minimal", *JOBLIB)
    first = begin(*axes)
    wait_until(lambda: len([*tmp_path.glob("sweep/*/checkpoints/last.ckpt")]) == 4)
    others = children(first.pid)
    first.kill()
    second = begin(*axes, "sweep.resume=sweep")
    said, _ = second.communicate(timeout=300)
    assert second.returncode == 0, said
    first.communicate()
    assert len(others) >= 2
    assert are_gone(others)
    assert "in use" not in said
    (counts,) = re.findall(r"5 runs: (\d) done .*, (\d) interrupted .*, 1 new", said)
    done, interrupted = map(int, counts)
    assert done + interrupted == 4
    assert len(reported_runs(said)) == interrupted + 1
    folders = run_folders(tmp_path / "sweep").values()
    went_on = [iterations for f in folders for iterations in begun_again(f)]
    assert len(went_on) == interrupted > 0
    assert min(went_on) > 0
    logs = [(folder / "train.log").read_text() for folder in folders]
    assert sum(log.count("best loss/val") for log in logs) == 5
