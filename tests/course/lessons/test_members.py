"""Members and their settings, read from made-up run folders."""

import json
from pathlib import Path

import pytest

from litmlp.course.lessons.sweep_runs import Member, alike, axes, read_members
from litmlp.errors import UserError


def leave(sweep: Path, name: str, overrides: list[str], **changes: str) -> Path:
    """A member's folder as far as it is needed."""
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
    (member,) = read_members(tmp_path)
    expected = {"experiment": "lesson/x", "optimizer.lr": 0.001, "activation": "relu"}
    assert member.settings == expected
    assert member.repeat == ("data.split_seed=4", "seed=1")


def test_members_come_in_the_order_in_which_they_started(tmp_path: Path) -> None:
    leave(tmp_path, "a", ["depth=ten"], started="2026-11-23T17:00:09+00:00")
    leave(tmp_path, "b", ["depth=two"], started="2026-11-23T17:00:01+00:00")
    members = read_members(tmp_path)
    assert list(alike(members, ["depth"])) == [("two",), ("ten",)]


def test_only_members_that_ended_well_are_read(tmp_path: Path) -> None:
    leave(tmp_path, "a", ["seed=1"])
    leave(tmp_path, "b", ["seed=2"], status="failed")
    leave(tmp_path, "c", ["seed=3"], status="running")
    assert [member.folder.name for member in read_members(tmp_path)] == ["a"]


def test_axes_are_what_members_differ_in() -> None:
    members = [
        Member(
            folder=Path(),
            settings={"unit": unit, "depth": depth, "data": "wine"},
            repeat=(),
        )
        for unit in ("relu", "tanh")
        for depth in (2, 8)
    ]
    assert axes(members) == ["unit", "depth"]
    groups = alike(members, ["depth"])
    assert {key: len(group) for key, group in groups.items()} == {("2",): 2, ("8",): 2}


def test_a_curve_skips_rows_without_its_tag(tmp_path: Path) -> None:
    folder = leave(tmp_path, "a", [])
    rows = [
        "step,epoch,loss/train,dead",
        "0,0,,0.5",
        "4,1,0.9,",
        "8,2,nan,",
        "9,3,inf,",
    ]
    (folder / "metrics.csv").write_text("\n".join(rows))
    (member,) = read_members(tmp_path)
    epochs, values = member.curve("loss/train")
    assert epochs == [1, 2, 3]
    assert values == [0.9, pytest.approx(float("nan"), nan_ok=True), float("inf")]
    assert member.curve("dead") == ([0], [0.5])
    with pytest.raises(UserError, match=r"loss/trian is not in .*mean loss/train\?"):
        member.curve("loss/trian")


def test_curves_need_their_file(tmp_path: Path) -> None:
    leave(tmp_path, "a", [])
    (member,) = read_members(tmp_path)
    with pytest.raises(UserError, match=r"has no metrics.csv: choose logger=default"):
        member.curve("loss/train")
