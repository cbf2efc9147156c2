"""How far runs are that train side by side is shown while they train."""

import re
from pathlib import Path

import pytest
from conftest import Run
from test_launcher import SWEEP

from litmlp.engine.terminal.console import console

SEEDS = ("seed=0,1", "trainer.max_epochs=40", "callbacks=minimal")


def test_a_sweep_in_a_pipe_prints_a_line_after_each_tenth(run: Run) -> None:
    ended = run("train", *SWEEP, *SEEDS)
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
    ended = run("train", *SWEEP, *SEEDS)
    assert ended.code == 0, ended.err
    assert "2 of 2 runs train" in ended.out
    assert "loss/train" not in ended.out  # which the bar of a single run shows
    log = next(tmp_path.glob("logs/default/sweeps/*/seed*/train.log")).read_text()
    assert "epoch 40/40  loss/train" in log
