"""Runs and their settings, read from made-up run folders."""

import json
from pathlib import Path

import pytest

from litmlp.course.lessons.sweep_runs import SweepRun, axes, group_by, read_runs
from litmlp.errors import UserError


def leave(sweep: Path, name: str, overrides: list[str], **changes: str) -> Path:
    """A run's folder as far as it is needed."""
    folder = sweep / name
    folder.mkdir(parents=True)
    summary = {"status": "done", "started": "2026-11-23T17:00:00+00:00"}
    (folder / "summary.json").write_text(
        json.dumps(summary | {"overrides": overrides} | changes)
    )
    return folder


def test_settings_are_values_and_repeats_are_not_settings(tmp_path: Path) -> None:
    overrides = ["optimizer.lr=1e-3", "activation=relu", "data.split_seed=4", "seed=1"]
    leave(tmp_path, "a", ["experiment=lesson/x", *overrides])
    (run,) = read_runs(tmp_path)
    expected = {"experiment": "lesson/x", "optimizer.lr": 0.001, "activation": "relu"}
    assert run.settings == expected
    assert run.repeat == ("data.split_seed=4", "seed=1")


def test_runs_that_ended_well_are_read_in_the_order_of_their_starts(
    tmp_path: Path,
) -> None:
    leave(tmp_path, "a", ["depth=ten"], started="2026-11-23T17:00:09+00:00")
    leave(tmp_path, "b", ["depth=two"], started="2026-11-23T17:00:01+00:00")
    leave(tmp_path, "c", ["depth=two"], status="failed")
    leave(tmp_path, "d", ["depth=two"], status="running")
    assert [run.folder.name for run in read_runs(tmp_path)] == ["b", "a"]


def test_axes_are_the_keys_in_which_runs_differ() -> None:
    runs = [
        SweepRun(Path(), {"unit": unit, "depth": depth, "data": "wine"}, repeat=())
        for unit in ("relu", "tanh")
        for depth in (2, 8)
    ]
    assert axes(runs) == ["unit", "depth"]
    groups = group_by(runs, ["depth"])
    assert {key: len(group) for key, group in groups.items()} == {("2",): 2, ("8",): 2}


def test_a_curve_skips_rows_without_its_tag(tmp_path: Path) -> None:
    folder = leave(tmp_path, "a", [])
    rows = ["0,0,,0.5", "4,1,0.9,", "8,2,nan,", "9,3,inf,"]
    text = "\n".join(["step,epoch,loss/train,dead", *rows])
    (folder / "metrics.csv").write_text(text)
    (run,) = read_runs(tmp_path)
    epochs, values = run.curve("loss/train")
    assert epochs == [1, 2, 3]
    assert values == [0.9, pytest.approx(float("nan"), nan_ok=True), float("inf")]
    assert run.curve("dead") == ([0], [0.5])
    with pytest.raises(UserError, match=r"loss/trian is not in .*mean loss/train\?"):
        run.curve("loss/trian")
