"""Options of the Trainer for a purpose, and ``litmlp train --check``."""

import json
from pathlib import Path

import pytest
from conftest import Run

IRIS = ("data=iris", "trainer.accelerator=cpu", "hydra.run.dir=one")


def test_a_fast_run_tries_each_split_once(run: Run, tmp_path: Path) -> None:
    assert run("train", *IRIS, "trainer=fast_dev_run").code == 0
    summary = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert summary["iterations"] == 1
    assert "accuracy/test" in summary["metrics"]
    assert not list(tmp_path.glob("one/events*"))


def test_one_batch_is_learned_by_heart(run: Run, tmp_path: Path) -> None:
    assert run("train", *IRIS, "trainer=overfit", "optimizer.lr=0.01").code == 0
    summary = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert summary["monitor"]["metric"] == "loss/train"
    assert summary["best_value"] < 0.001
    assert summary["iterations"] == summary["epochs"]
    # Whoever learns 32 rows of three classes also knows most of the others.
    assert summary["metrics"]["accuracy/train"] > 0.8


def test_a_profile_lies_in_the_folder_of_the_run(run: Run, tmp_path: Path) -> None:
    assert run("train", *IRIS, "trainer=profile", "trainer.max_epochs=2").code == 0
    profile = tmp_path / "one" / "fit-profile.txt"
    assert "run_training_batch" in profile.read_text()
    written = profile.stat().st_mtime_ns
    assert run("evaluate", "run=one").code == 0
    assert {p.name for p in tmp_path.glob("one/*profile*")} == {
        *("fit-profile.txt", "test-profile.txt")
    }
    assert profile.stat().st_mtime_ns == written


def test_a_check_tries_one_batch_and_leaves_nothing(run: Run, tmp_path: Path) -> None:
    ended = run("train", "--check", "data=iris", "trainer=cpu", "logger=many")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("check        all right: 4,675 parameters")
    ended = run("train", "data=iris", "trainer=cpu", "--json", "--check")
    facts = json.loads(ended.out)
    assert (facts["ok"], facts["parameters"]) == (True, 4_675)
    assert facts["data"]["rows"] == 150
    assert "accuracy/val" in facts["metrics"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("mistake", "line"),
    [
        ("data=wien", "Did you mean wine?"),
        ("optimizer.lr=-1", "optimizer: Invalid learning rate"),
        ("-m", "-m: overrides are key=value"),
    ],
)
def test_a_check_says_a_mistake_in_a_line_or_an_object(
    mistake: str, line: str, run: Run, tmp_path: Path
) -> None:
    ended = run("train", "--check", "data=iris", mistake)
    assert (ended.code, ended.out) == (1, "")
    assert line in ended.err
    assert ended.err.count("\n") == 1
    ended = run("train", "--check", "--json", "data=iris", mistake)
    assert (ended.code, ended.err) == (1, "")
    assert not (said := json.loads(ended.out))["ok"]
    assert line in said["error"]
    assert not list(tmp_path.iterdir())
