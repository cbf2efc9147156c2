"""hydra/launcher=vectorized on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Run
from torch import Tensor, nn

from litmlp import construct
from litmlp.engine.vectorized import memory_estimate

SWEEP = (
    "-m",
    "hydra/launcher=vectorized",
    "hydra.launcher.num_threads=1",
    "data=gauss",
    "data.num_samples=100",
    "model.hidden_sizes=[4]",
    "trainer=cpu",
    "trainer.max_epochs=2",
)


def summaries(folder: Path) -> dict[str, dict[str, Any]]:
    paths = folder.glob("logs/default/sweeps/*/*/summary.json")
    return {path.parent.name: json.loads(path.read_text()) for path in paths}


def test_a_sweep_leaves_the_folders_of_hydras_own_launcher(
    run: Run, tmp_path: Path
) -> None:
    ended = run("train", *SWEEP, "seed=0,1", "optimizer.lr=0.1,0.01")
    assert ended.code == 0, ended.err
    together = summaries(tmp_path)
    assert [s.pop("vectorized") for s in together.values()] == [4] * 4
    sweep = next(tmp_path.glob("logs/default/sweeps/*"))
    files = {
        path.relative_to(sweep / name).as_posix().split(".tfevents")[0]
        for name in together
        for path in (sweep / name).rglob("*")
    }
    sweep.rename(tmp_path / "together")
    assert run("train", "-m", *SWEEP[3:], "seed=0,1", "optimizer.lr=0.1,0.01").code == 0
    alone = summaries(tmp_path)
    sweep = next(tmp_path.glob("logs/default/sweeps/*"))
    assert files == {
        path.relative_to(sweep / name).as_posix().split(".tfevents")[0]
        for name in alone
        for path in (sweep / name).rglob("*")
    }
    assert together.keys() == alone.keys()
    for name, summary in alone.items():
        assert together[name].keys() == summary.keys()
        assert together[name]["metrics"] == pytest.approx(summary["metrics"], abs=1e-3)
        for key in ("status", "overrides", "config_hash", "best_epoch", "iterations"):
            assert together[name][key] == summary[key], key
        for kind in ("config", "hydra", "overrides"):
            path = Path(name, ".hydra", f"{kind}.yaml")
            own = (tmp_path / "together" / path).read_text()
            assert launch_free(own) == launch_free((sweep / path).read_text())


def launch_free(text: str) -> list[str]:
    """A config without what says when and by which launcher it was made."""
    said = ("auncher", "processes", "num_threads", "max_members", "output_dir")
    return [
        line for line in text.splitlines() if not any(word in line for word in said)
    ]


def test_a_member_that_cannot_be_built_fails_alone(run: Run, tmp_path: Path) -> None:
    ended = run("train", *SWEEP, "optimizer.lr=0.1,0.01,-1")
    assert ended.code == 1
    assert "optimizer: Invalid learning rate: -1" in ended.err
    states = [summary["status"] for summary in summaries(tmp_path).values()]
    assert sorted(states) == ["done", "done", "failed"]


def test_jobs_of_other_shapes_train_in_groups_of_their_own(
    run: Run, tmp_path: Path
) -> None:
    ended = run("train", *SWEEP, "seed=0,1", "model.hidden_sizes=[4],[5]")
    assert ended.code == 0, ended.err
    assert "trained apart: jobs that differ in model.hidden_sizes.0" in ended.out
    assert {s["vectorized"] for s in summaries(tmp_path).values()} == {2}


def test_what_cannot_be_stacked_is_trained_alone_and_said(
    run: Run, tmp_path: Path
) -> None:
    ended = run("train", *SWEEP, "seed=0,1", "optimizer=lbfgs")
    assert ended.code == 0, ended.err
    assert "trained alone: optimizer=LBFGS cannot be stacked: seed-0-" in ended.out
    assert {s["status"] for s in summaries(tmp_path).values()} == {"done"}


class Branching(nn.Module):
    """What torch's vectorizing map cannot follow; or too narrow for any batch."""

    def __init__(self, *, num_features: int, num_outputs: int, spare: int) -> None:
        super().__init__()
        self.layer = nn.Linear(num_features + spare, num_outputs)

    def forward(self, features: Tensor) -> Tensor:
        outputs: Tensor = self.layer(features)
        return outputs if outputs.sum() > 0 else 2 * outputs


@pytest.mark.parametrize(
    ("spare", "status", "reason"),
    [(0, "done", "vmap: It looks like"), (1, "failed", "Expected size")],
)
def test_a_network_that_cannot_be_stacked_is_trained_alone(
    spare: int,
    status: str,
    reason: str,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(construct.ALLOWED, f"{__name__}.", nn.Module)
    own = ("~model", f"+model._target_={__name__}.Branching", f"+model.spare={spare}")
    sizes = ('+model.num_features="???"', "+model.num_outputs=1", "seed=0,1")
    sweep = [text for text in SWEEP if not text.startswith("model.")]
    ended = run("train", *sweep, *own, *sizes)
    assert ended.code == int(status == "failed")
    found = summaries(tmp_path)
    assert [s["status"] for s in found.values()] == [status] * 2
    assert not any("vectorized" in s for s in found.values())
    assert f"trained alone: RuntimeError: {reason}" in ended.out


@pytest.mark.parametrize("name", ["processes", "max_members", "num_threads"])
@pytest.mark.parametrize("value", ["0", "1.5", "few"])
def test_a_group_of_nobody_is_refused(name: str, value: str, run: Run) -> None:
    ended = run("train", *SWEEP, "seed=0,1", f"hydra.launcher.{name}={value}")
    assert ended.code == 1
    assert f"hydra.launcher.{name}={value}: expected 1 or more" in ended.err


def test_a_members_checkpoint_holds_its_own_weights_alone(
    run: Run, tmp_path: Path
) -> None:
    assert run("train", *SWEEP, "seed=0,1,2,3").code == 0
    for path in tmp_path.glob("logs/default/sweeps/*/*/checkpoints/*.ckpt"):
        state = torch.load(path, weights_only=True)["state_dict"]
        for tensor in state.values():
            assert tensor.untyped_storage().nbytes() == tensor.nbytes
    member = next(tmp_path.glob("logs/default/sweeps/*/seed*"))
    assert "to the last digit" in run("evaluate", f"run={member}").out


def test_waves_hold_every_run_once(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        memory_estimate, "open_files", lambda: memory_estimate.SPARE_FILES + 12
    )
    ended = run("train", *SWEEP, "data.split_seed=range(7)", "callbacks=minimal")
    assert ended.code == 0, ended.err
    found = summaries(tmp_path).values()
    assert sorted(s.get("vectorized", 1) for s in found) == [1] + [3] * 6


def test_a_failure_may_stop_the_sweep(run: Run, tmp_path: Path) -> None:
    stop = ("sweep.on_error=stop", "hydra.launcher.max_members=2")
    ended = run("train", *SWEEP, *stop, "seed=0,1", "optimizer.lr=0.1,0.01,-1,0.2")
    assert ended.code == 1
    assert "not started" in ended.out
    states = [summary["status"] for summary in summaries(tmp_path).values()]
    assert states.count("failed") == 1
    assert len(states) < 8


def test_processes_share_a_sweep_and_change_no_bit(run: Run, tmp_path: Path) -> None:
    axes = ("seed=range(32)", "hydra.sweep.dir=${name}", "callbacks=minimal")
    many = ("hydra.launcher.processes=2", "hydra.launcher.num_threads=2")
    assert run("train", *SWEEP, *axes, "name=one").code == 0
    ended = run("train", *SWEEP, *axes, "name=two", *many)
    assert ended.code == 0, ended.err
    one, two = (
        {m.name: m for m in (tmp_path / n).glob("seed*")} for n in ("one", "two")
    )
    assert len(one) == 32
    assert one.keys() == two.keys()
    for name, member in two.items():
        summary = json.loads((member / "summary.json").read_text())
        assert (summary["status"], summary["vectorized"]) == ("done", 16)
        states = [
            torch.load(each / "checkpoints" / "last.ckpt", weights_only=True)
            for each in (one[name], member)
        ]
        torch.testing.assert_close(
            *(s["optimizer_states"] for s in states), rtol=0, atol=0
        )
        torch.testing.assert_close(*(s["state_dict"] for s in states), rtol=0, atol=0)
