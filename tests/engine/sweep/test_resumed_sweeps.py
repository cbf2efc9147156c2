"""A sweep that is resumed trains what is missing and leaves the rest alone."""

import json
import re
import shlex
import shutil
from pathlib import Path
from threading import Timer

import pytest
from conftest import Run

from litmlp.engine.folder.lock import lock_folder
from litmlp.engine.folder.run_folder import write_summary
from litmlp.engine.folder.sweep_folder import known_name, latest_sweep
from litmlp.engine.sweep.launch_state import Launch
from litmlp.errors import UserError

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=1", "callbacks=minimal")
COMMAND = ("-m", "activation=relu,tanh", *QUICK)


def run_folders(tmp_path: Path) -> dict[str, Path]:
    """Folders by what was chosen."""
    paths = tmp_path.glob("logs/*/sweeps/*/*/summary.json")
    return {path.parent.name.rpartition("-")[0]: path.parent for path in paths}


def status(folder: Path, value: str | None = None) -> str:
    """Read the status of a run, or set it as an accident would leave it."""
    path = folder / "summary.json"
    summary = json.loads(path.read_text())
    if value:
        path.write_text(json.dumps(summary | {"status": value}))
    return str(summary["status"])


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in files}


def all_contents(tmp_path: Path) -> dict[str, dict[str, tuple[bytes, int]]]:
    return {name: contents(folder) for name, folder in run_folders(tmp_path).items()}


def trained(out: str) -> int:
    """How many runs a sweep trained, by its lines."""
    return len(re.findall(r"^  \d+/\d+  loss", out, re.MULTILINE))


def test_a_longer_axis_trains_its_new_values_and_leaves_the_others_byte_for_byte(
    run: Run, tmp_path: Path
) -> None:
    run("train", "-m", "activation=relu,tanh", "optimizer.lr=0.01", *QUICK)
    before = all_contents(tmp_path)
    (sweep,) = tmp_path.glob("logs/*/sweeps/*")
    wider = ("-m", "activation=relu,tanh,gelu", "optimizer.lr=0.01,0.02", *QUICK)
    ended = run("train", *wider, f"sweep.resume={sweep}")
    assert ended.code == 0
    assert trained(ended.out) == 4
    assert "6 runs: 2 done (skipped), 4 new" in ended.out
    after = all_contents(tmp_path)
    assert len(after) == 6
    assert before.items() <= after.items()
    assert (sweep / "multirun_1.yaml").is_file()
    assert "activation=relu,tanh,gelu" in (sweep / "multirun.yaml").read_text()
    report = (sweep / "report" / "runs.csv").read_text()
    assert len(report.splitlines()) == 1 + 6
    ended = run("train", *wider, "sweep.resume=latest")
    assert (ended.code, trained(ended.out)) == (0, 0)
    assert "6 runs: 6 done (skipped)" in ended.out
    assert re.search(r"6/6  skipped: done  activation-gelu\+opt.*-\w{8}", ended.out)
    assert all_contents(tmp_path) == after


def test_a_launcher_killed_at_any_moment_can_be_followed(
    run: Run, tmp_path: Path
) -> None:
    names = ("relu", "tanh", "elu", "selu", "celu", "gelu")
    command = ("-m", f"activation={','.join(names)}", *QUICK)
    run("train", *command)
    left = [run_folders(tmp_path)[f"activation-{name}"] for name in names]
    status(left[0], "interrupted")
    status(left[1], "running")
    (left[2] / "summary.json").unlink()  # Hydra had made the folder
    (left[3] / "summary.json").write_text("{")
    status(failed := left[4], "failed")
    (failed / "metrics.csv").write_text("step,stale\n1,1\n")
    (failed / "notes.txt").write_text("keep me")
    events = list(failed.glob("events*"))
    before = contents(left[5])
    ended = run("train", *command, "sweep.resume=latest")
    assert ended.code == 0
    said = "1 done (skipped), 2 interrupted (goes on), 2 failed (trained anew), 1 new"
    assert said in ended.out
    assert trained(ended.out) == 5
    assert [status(folder) for folder in left] == ["done"] * 6
    assert contents(left[5]) == before
    assert len(run_folders(tmp_path)) == 6
    assert "stale" not in (failed / "metrics.csv").read_text()
    assert (failed / "notes.txt").read_text() == "keep me"
    assert not any(path.exists() for path in events)
    assert len(list(failed.glob("events*"))) == 1


def test_a_sweep_may_be_moved_and_lose_a_run(run: Run, tmp_path: Path) -> None:
    run("train", *COMMAND)
    (sweep,) = tmp_path.glob("logs/*/sweeps/*")
    moved = sweep.rename(tmp_path / "it's here, now")
    (kept,) = moved.glob("activation-relu-*")
    (lost,) = moved.glob("activation-tanh-*")
    shutil.rmtree(lost)
    before = contents(kept)
    quoted = str(moved).replace("'", "\\'")
    ended = run("train", *COMMAND, f"sweep.resume='{quoted}'")
    assert ended.code == 0
    assert "2 runs: 1 done (skipped), 1 new" in ended.out
    assert contents(kept) == before
    assert status(lost) == "done"
    assert not any(sweep.parent.iterdir())


def test_members_of_a_launcher_that_was_just_killed_are_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {tmp_path / name: [name] for name in ("ends", "is in use")}
    for folder in folders:
        folder.mkdir()
        write_summary(folder, {"status": "running"})
    lock = lock_folder(tmp_path / "ends")
    lock.__enter__()
    Timer(0.3, lock.__exit__, (None, None, None)).start()
    monkeypatch.setattr("litmlp.engine.sweep.launch_state.GRACE", 1.0)
    with lock_folder(tmp_path / "is in use"):
        assert Launch().still_to_train(folders) == [["ends"]]


def test_a_sweep_belongs_to_one_launch_at_a_time(run: Run, tmp_path: Path) -> None:
    sweep = tmp_path / "sweep"
    sweep.mkdir()
    (sweep / "multirun.yaml").write_text("mine")
    with lock_folder(sweep):
        ended = run("train", *COMMAND, "sweep.resume=sweep")
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert line == "error: sweep is in use by another process"
    assert [path.name for path in sweep.iterdir()] == ["multirun.yaml"]
    assert (sweep / "multirun.yaml").read_text() == "mine"


def test_what_is_left_is_said_with_the_command_that_resumes(
    run: Run, tmp_path: Path
) -> None:
    arguments = ("-m", "optimizer.lr=-1,0.01", "sweep.on_error=stop", *QUICK)
    ended = run("train", *arguments)
    assert ended.code == 1
    assert trained(ended.out) == 0
    assert re.search(r"lr-1-\w{8} +failed +UserError: optimizer: Invalid", ended.out)
    assert ended.out.count("Invalid learning rate") == 1
    assert re.search(r"lr-0\.01-\w{8} +not started", ended.out)
    assert list(run_folders(tmp_path)) == ["optimizer.lr-1"]
    again = re.search(r"resume +python (.*)", ended.out)
    assert again
    _, *typed = shlex.split(again[1])
    assert typed[:-1] == list(arguments)
    ended = run("train", *typed, "sweep.on_error=continue")
    assert ended.code == 1
    assert trained(ended.out) == 1
    assert sorted(map(status, run_folders(tmp_path).values())) == ["done", "failed"]


def test_a_stopped_sweep_says_what_is_unfinished(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(
            "litmlp.engine.run.record.at_best", stop
        )  # as ctrl-c would, just then
        ended = run("train", *COMMAND)
    assert ended.code == 130
    assert re.search(r"activation-relu-\w{8} +interrupted", ended.out)
    assert re.search(r"activation-tanh-\w{8} +not started", ended.out)
    assert "sweep.resume=logs/default/sweeps/" in ended.out
    assert run("train", *COMMAND, "sweep.resume=latest").code == 0
    assert [*map(status, run_folders(tmp_path).values())] == ["done", "done"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-m", "sweep.resume=latest"), "there is no sweep in logs/default/sweeps"),
        (
            ("-m", "sweep.resume=nowhere"),
            "sweep.resume=nowhere: nowhere holds no sweep",
        ),
        (("sweep.resume=latest",), "sweep.resume=latest continues a sweep: add -m"),
        (("-m", "sweep.on_error=ask"), "sweep.on_error=ask: allowed are continue and"),
        (("-m", "activation=relu,tahn"), "activation=tahn: no such option. Did you"),
    ],
)
def test_a_mistake_starts_nothing(
    arguments: tuple[str, ...], words: str, run: Run, tmp_path: Path
) -> None:
    ended = run("train", *arguments, *QUICK)
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert words in line
    assert not list(tmp_path.rglob("*.yaml"))


def test_the_latest_sweep_is_the_last_by_name(tmp_path: Path) -> None:
    for name in ("2026-01-02_00-00-00_a", "2026-01-10_00-00-00_b", "notes"):
        (tmp_path / name).mkdir()
    for name in ("2026-01-02_00-00-00_a", "2026-01-10_00-00-00_b"):
        (tmp_path / name / "multirun.yaml").touch()
    assert latest_sweep(tmp_path, search=False).name == "2026-01-10_00-00-00_b"
    with pytest.raises(UserError, match="there is no search in"):
        latest_sweep(tmp_path, search=True)
    (tmp_path / "2026-01-10_00-00-00_b" / "study.db").touch()
    assert latest_sweep(tmp_path, search=True).name == "2026-01-10_00-00-00_b"
    assert latest_sweep(tmp_path, search=False).name == "2026-01-02_00-00-00_a"


def test_a_run_is_known_by_its_hash() -> None:
    existing = ["activation-relu-0a1b2c3d", "report"]
    name = "activation-relu+optimizer.lr-0.01-0a1b2c3d"
    assert known_name(name, existing) == "activation-relu-0a1b2c3d"
    assert known_name("0a1b2c3d", [*existing, "0a1b2c3d"]) == "0a1b2c3d"
    other = "activation-relu-11111111"
    assert known_name(other, existing) == other
