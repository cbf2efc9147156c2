"""A run's folder: its summary is true whatever happens, its config keeps secrets."""

import json
import math
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from litmlp.engine.folder import run_folder, saved_config
from litmlp.engine.folder.lock import LOCK
from litmlp.errors import UserError

CONFIG = OmegaConf.create(
    {
        "name": "first",
        "folder": "here",
        "logger": {"csv": True},
        "seed": 0,
        "model": {"hidden_sizes": [64, 64], "activation": "${activation}"},
        "activation": "relu",
    }
)


def test_a_finished_run_is_done_and_holds_what_it_was_given(tmp_path: Path) -> None:
    with run_folder.recording(tmp_path / "run", CONFIG, ["seed=0"]) as summary:
        assert run_folder.read_summary(tmp_path / "run")["status"] == "running"
        assert not run_folder.is_done(tmp_path / "run")
        summary["metrics"] = {"accuracy/test": 0.97}
    written = run_folder.read_summary(tmp_path / "run")
    assert run_folder.is_done(tmp_path / "run")
    assert written["status"] == "done"
    assert written["overrides"] == ["seed=0"]
    assert written["metrics"] == {"accuracy/test": 0.97}
    assert written["config_hash"] == run_folder.config_hash(CONFIG)
    assert torch.__version__.startswith(written["versions"]["torch"])
    assert written["wall_seconds"] >= 0
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["summary.json"]


def test_a_failed_run_tells_its_error(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        run_folder.recording(tmp_path, CONFIG, []) as summary,
    ):
        summary["seen"] = 1 / 0
    written = run_folder.read_summary(tmp_path)
    assert written["status"] == "failed"
    assert written["error"] == "ZeroDivisionError: division by zero"
    assert "test_run_folder.py" in written["traceback"]
    assert not run_folder.is_done(tmp_path)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_stopped_run_is_interrupted(
    stop: type[BaseException], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "overrides.yaml").touch()
    with pytest.raises(KeyboardInterrupt), run_folder.recording(tmp_path, CONFIG, []):
        raise stop
    said = capsys.readouterr().out
    assert f"go on with   litmlp train resume={tmp_path}\n" in said
    written = json.loads((tmp_path / "summary.json").read_text())
    assert written["status"] == "interrupted"


@pytest.mark.parametrize("with_lock_file", [True, False])
def test_running_without_a_held_lock_reads_as_interrupted(
    with_lock_file: bool, tmp_path: Path
) -> None:
    run_folder.write_summary(tmp_path, {"status": "running"})
    if with_lock_file:
        (tmp_path / LOCK).touch()
    assert run_folder.read_summary(tmp_path)["status"] == "interrupted"


def test_a_folder_belongs_to_one_run_at_a_time(tmp_path: Path) -> None:
    with run_folder.recording(tmp_path, CONFIG, []) as summary:
        with (
            pytest.raises(UserError, match="is in use by another process"),
            run_folder.recording(tmp_path, CONFIG, []),
        ):
            pass
        summary["still"] = "mine"
    assert run_folder.read_summary(tmp_path)["still"] == "mine"
    with run_folder.recording(tmp_path, CONFIG, []):
        pass


def test_what_is_not_finite_becomes_null(tmp_path: Path) -> None:
    values = {"a": math.nan, "b": {"c": math.inf, "d": 1.5}, "e": [-math.inf, 2.0]}
    run_folder.write_summary(tmp_path, {"status": "done", "metrics": values})
    text = (tmp_path / "summary.json").read_text()

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    metrics = json.loads(text, parse_constant=refuse)["metrics"]
    assert metrics == {"a": None, "b": {"c": None, "d": 1.5}, "e": [None, 2.0]}


def test_hash_is_that_of_what_is_computed() -> None:
    same = {"name": "second", "folder": "there", "logger": None, "sweep": 1}
    other = {"seed": 1}
    original = run_folder.config_hash(CONFIG)
    assert len(original) == 64
    assert run_folder.config_hash(OmegaConf.merge(CONFIG, same)) == original
    assert run_folder.config_hash(OmegaConf.merge(CONFIG, other)) != original
    reordered = OmegaConf.create(
        {key: CONFIG._get_node(key) for key in [*CONFIG][::-1]}
    )
    assert run_folder.config_hash(reordered) == original


def test_a_saved_config_reads_back_without_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "hush")
    config = OmegaConf.create({"folder": "old", "token": "${oc.env:TOKEN}"})
    assert config.token == "hush"
    saved_config.write_config(tmp_path, config)
    assert "hush" not in (tmp_path / ".hydra" / "config.yaml").read_text()
    read = run_folder.read_config(tmp_path)
    assert read.token == "hush"
    assert read.folder == str(tmp_path), "the folder may have been moved"


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no run: it has no summary\.json"):
        run_folder.read_summary(tmp_path)
    with pytest.raises(UserError, match=r"holds no run: it has no \.hydra/config"):
        run_folder.read_config(tmp_path)
    assert not run_folder.is_done(tmp_path)


def test_discarding_removes_what_a_run_wrote_and_nothing_else(tmp_path: Path) -> None:
    failed, mine = tmp_path / "failed", tmp_path / "mine"
    for folder in (failed, mine):
        saved_config.write_config(folder, CONFIG)
        run_folder.write_summary(folder, {"status": "failed"})
        (folder / "train.log").touch()
    (mine / "notes.txt").write_text("keep me")
    run_folder.discard(failed)
    run_folder.discard(mine)
    assert not failed.exists()
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]
