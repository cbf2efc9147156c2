"""hydra/launcher=vectorized on the command line."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Run
from torch import Tensor, nn

from hydra_plugins import litmlp_vectorized
from litmlp import construct
from litmlp.engine.terminal.console import console
from litmlp.engine.vectorized import worker_processes
from litmlp.engine.vectorized.train_groups import allow_open_files

SWEEP = (
    *("-m", "hydra/launcher=vectorized", "hydra.launcher.num_threads=1"),
    *("data=gauss", "data.num_samples=100", "model.hidden_sizes=[4]"),
    *("trainer=cpu", "trainer.max_epochs=2"),
)


def summaries(folder: Path) -> dict[str, dict[str, Any]]:
    paths = folder.glob("logs/default/sweeps/*/*/summary.json")
    return {path.parent.name: json.loads(path.read_text()) for path in paths}


def files(sweep: Path) -> set[str]:
    paths = (path for name in sweep.glob("*-*") for path in name.rglob("*"))
    return {path.relative_to(sweep).as_posix().split(".tfevents")[0] for path in paths}


def test_a_sweep_leaves_the_folders_of_runs_that_are_trained_alone(
    run: Run, tmp_path: Path
) -> None:
    axes = ("seed=0,1", "optimizer.lr=0.1,0.01")
    ended = run("train", *SWEEP, *axes)
    assert ended.code == 0, ended.err
    grouped = summaries(tmp_path)
    assert [s.pop("vectorized") for s in grouped.values()] == [4] * 4
    first = next(tmp_path.glob("logs/default/sweeps/*")).rename(tmp_path / "grouped")
    for path in first.glob("*/checkpoints/*.ckpt"):  # without the other runs' weights
        state = torch.load(path, weights_only=True)["state_dict"]
        assert all(t.untyped_storage().nbytes() == t.nbytes for t in state.values())
    folder = next(first.glob("seed*"))
    assert "to the last digit" in run("evaluate", f"run={folder}").out
    assert run("train", "-m", *SWEEP[3:], *axes).code == 0
    alone = summaries(tmp_path)
    sweep = next(tmp_path.glob("logs/default/sweeps/*"))
    assert files(first) == files(sweep)
    assert grouped.keys() == alone.keys()
    for name, summary in alone.items():
        own = grouped[name]
        assert own.keys() == summary.keys()
        assert own["metrics"] == pytest.approx(summary["metrics"], abs=1e-3)
        for key in ("status", "overrides", "config_hash", "best_epoch", "iterations"):
            assert own[key] == summary[key], key
        for kind in ("config", "hydra", "overrides"):
            path = Path(name, ".hydra", f"{kind}.yaml")
            texts = [(folder / path).read_text() for folder in (first, sweep)]
            assert launch_free(texts[0]) == launch_free(texts[1])


def launch_free(text: str) -> list[str]:
    """The lines of a config that name neither the time nor the launcher."""
    text = re.sub(r"(?m)^  launcher:\n(    .*\n)+", "", text)
    words = ("auncher", "output_dir")
    return [line for line in text.splitlines() if not any(w in line for w in words)]


def test_runs_of_other_shapes_or_optimizers_are_trained_apart_or_alone(
    run: Run, tmp_path: Path
) -> None:
    """The message gives the reason; a run with a mistake fails alone."""
    axes = ("seed=0,1", "model.hidden_sizes=[4],[5]", "optimizer.lr=0.1,-1")
    ended = run("train", *SWEEP, *axes)
    assert ended.code == 1
    assert "optimizer: Invalid learning rate: -1" in ended.err
    assert "trained apart: jobs that differ in model.hidden_sizes.0" in ended.out
    found = summaries(tmp_path).values()
    assert sorted(s["status"] for s in found) == ["done"] * 4 + ["failed"] * 4
    assert [s["vectorized"] for s in found] == [4] * 8
    ended = run("train", *SWEEP, "seed=0,1", "optimizer=lbfgs", "name=other")
    assert ended.code == 0, ended.err
    assert "trained alone: optimizer=LBFGS cannot be stacked: seed-0-" in ended.out


class Branching(nn.Module):
    """A network that torch's vectorizing map cannot follow."""

    def __init__(self, *, num_features: int, num_outputs: int) -> None:
        super().__init__()
        self.layer = nn.Linear(num_features, num_outputs)

    def forward(self, features: Tensor) -> Tensor:
        outputs: Tensor = self.layer(features)
        return outputs if outputs.sum() > 0 else 2 * outputs


def test_a_network_that_cannot_be_stacked_is_trained_alone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(construct.ALLOWED, f"{__name__}.", nn.Module)
    own = ("~model", f"+model._target_={__name__}.Branching")
    sizes = ('+model.num_features="???"', "+model.num_outputs=1", "seed=0,1")
    sweep = [text for text in SWEEP if not text.startswith("model.")]
    ended = run("train", *sweep, *own, *sizes)
    assert ended.code == 0, ended.err
    found = summaries(tmp_path)
    assert [s["status"] for s in found.values()] == ["done"] * 2
    assert not any("vectorized" in s for s in found.values())
    assert "trained alone: RuntimeError: vmap: It looks like" in ended.out


@pytest.mark.parametrize(
    ("setting", "mistake"),
    [
        ("max_members=0", "expected 1 or more"),
        ("workers=slurm", "allowed are local, ray and submitit"),
    ],
)
def test_a_mistaken_setting_starts_nothing(
    setting: str, mistake: str, run: Run, tmp_path: Path
) -> None:
    ended = run("train", *SWEEP, "seed=0,1", f"hydra.launcher.{setting}")
    assert ended.code == 1
    assert ended.err.splitlines() == [f"error: hydra.launcher.{setting}: {mistake}"]
    assert not summaries(tmp_path)


def test_groups_hold_every_run_once(run: Run, tmp_path: Path) -> None:
    most = ("hydra.launcher.max_members=3", "callbacks=minimal")
    ended = run("train", *SWEEP, *most, "data.split_seed=range(7)")
    assert ended.code == 0, ended.err
    found = summaries(tmp_path).values()
    assert sorted(s["vectorized"] for s in found) == [2] * 4 + [3] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_group_may_open_more_files_than_macos_allows_at_first() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    allow_open_files()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (1024, before[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_failure_may_stop_the_sweep(run: Run, tmp_path: Path) -> None:
    stop = ("sweep.on_error=stop", "hydra.launcher.max_members=2")
    ended = run("train", *SWEEP, *stop, "optimizer.lr=0.1,0.01,-1,0.2", "seed=0,1")
    assert ended.code == 1
    assert "not started" in ended.out
    states = [summary["status"] for summary in summaries(tmp_path).values()]
    assert states.count("failed") == 1
    assert len(states) < 8


def test_processes_share_a_sweep_and_change_no_bit(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (litmlp_vectorized, worker_processes):
        monkeypatch.setattr(module, "LEAST", 3)
    axes = ("seed=range(6)", "hydra.sweep.dir=${name}", "callbacks=minimal")
    many = ("hydra.launcher.processes=2", "hydra.launcher.num_threads=2")
    assert run("train", *SWEEP, *axes, "name=one").code == 0
    ended = run("train", *SWEEP, *axes, "name=two", *many)
    assert ended.code == 0, ended.err
    found = [{f.name: f for f in (tmp_path / n).glob("seed*")} for n in ("one", "two")]
    assert len(found[0]) == 6
    assert found[0].keys() == found[1].keys()
    for name, folder in found[1].items():
        summary = json.loads((folder / "summary.json").read_text())
        assert (summary["status"], summary["vectorized"]) == ("done", 3)
        assert name in ended.out
        paths = (each[name] / "checkpoints" / "last.ckpt" for each in found)
        one, two = (torch.load(path, weights_only=True) for path in paths)
        for key in ("optimizer_states", "state_dict"):
            torch.testing.assert_close(one[key], two[key], rtol=0, atol=0)


LONGER = ("seed=0,1", "trainer.max_epochs=40", "callbacks=minimal")


def test_a_sweep_in_a_pipe_prints_a_line_after_each_tenth(run: Run) -> None:
    ended = run("train", *SWEEP, *LONGER)
    assert ended.code == 0, ended.err
    lines = re.findall(r"^epoch (\d+)/40  2 of 2 runs train", ended.out, re.MULTILINE)
    assert [int(line) for line in lines] == list(range(1, 41, 4))
    assert re.search(r"2 of 2 runs train  best loss/val \d", ended.out)
    assert re.search(r"^  seed-0-\w{8}  loss/val \d", ended.out, re.MULTILINE)


def test_a_terminal_shows_one_bar_for_all_runs(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr(console, "is_interactive", True)
    ended = run("train", *SWEEP, *LONGER)
    assert ended.code == 0, ended.err
    assert "2 of 2 runs train" in ended.out
    assert "loss/train" not in ended.out  # which the bar of a single run shows
    log = next(tmp_path.glob("logs/default/sweeps/*/seed*/train.log")).read_text()
    assert "epoch 40/40  loss/train" in log
