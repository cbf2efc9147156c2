"""How far runs are that train side by side is shown while they train."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Run
from test_launcher import SWEEP

from litmlp.engine.vectorized import display
from litmlp.engine.vectorized.display import Display, shown
from litmlp.engine.vectorized.progress_table import KIND

SEEDS = ("seed=0,1", "trainer.max_epochs=40", "callbacks=minimal")


def rows(*each: dict[str, Any]) -> np.ndarray:
    found = np.zeros(len(each), KIND)
    for row, values in zip(found, each, strict=True):
        for name, value in ({"metric": "loss/val", "mode": "min"} | values).items():
            row[name] = value
    return found


def test_a_line_tells_of_all_processes() -> None:
    first = {"training": 3, "ended": 1, "epoch": 7, "limit": 10, "best": 0.25}
    others: dict[str, Any] = {"training": 4, "epoch": 5, "limit": 20, "best": 0.125}
    for mode, best in (("min", 0.125), ("max", 0.25)):
        found = rows(first | {"mode": mode}, others | {"mode": mode})
        line = f"epoch 5/20  7 of 9 runs train  1 ended  best loss/val {best}"
        assert Display(runs=9, rows=found).line() == line
    found = rows(first, others | {"metric": "accuracy/val"})
    assert (
        Display(runs=9, rows=found).line() == "epoch 5/20  7 of 9 runs train  1 ended"
    )
    found = rows({"built": 2, "best": np.nan}, {"built": 3, "metric": ""})
    assert Display(runs=9, rows=found).line() == "5 of 9 runs built"


def test_a_pipe_gets_a_line_after_each_tenth(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = rows({"training": 4, "epoch": 1, "limit": 100, "best": np.nan})
    shown = Display(runs=4, rows=found)
    for epochs in range(100):
        found["epoch"], found["share"] = epochs + 1, 4 * epochs / 100
        shown.look()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("/")[0] for line in lines] == [
        f"epoch {n}" for n in range(1, 101, 10)
    ]


def test_another_process_leaves_word_where_it_is_found(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with shown(runs=2, processes=2) as (own, places):
        assert len(places) == 1
        with places[0].taken() as tally:
            print("what another process says")
            tally.count("built")
            tally.count("ended", 2)
        own.look()
        assert own.rows["built"].tolist() == [0, 1]
        assert own.rows["ended"].tolist() == [0, 2]
        own.tally(1).forget()
        assert own.rows["built"].tolist() == [0, 2]
        folder = places[0].folder
    assert capsys.readouterr().out.count("what another process says") == 1
    assert not folder.exists()


def test_a_sweep_in_a_pipe_says_how_far_it_is(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "INTERVAL", 0.001)
    ended = run("train", *SWEEP, *SEEDS)
    assert ended.code == 0, ended.err
    lines = re.findall(r"^epoch (\d+)/40  2 of 2 runs train", ended.out, re.MULTILINE)
    assert 1 <= len(lines) <= 10
    assert re.search(r"2 of 2 runs train  best loss/val \d", ended.out)
    assert re.search(r"^  seed-0-\w{8}  loss/val \d", ended.out, re.MULTILINE)


def test_a_terminal_shows_one_bar_for_all_runs(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr(display, "INTERVAL", 0.001)
    ended = run("train", *SWEEP, *SEEDS)
    assert ended.code == 0, ended.err
    assert "2 of 2 runs train" in ended.out
    assert "loss/train" not in ended.out  # which the bar of a single run shows
    log = next(tmp_path.glob("logs/default/sweeps/*/seed*/train.log")).read_text()
    assert "epoch 40/40  loss/train" in log


def test_a_run_that_is_trained_alone_has_a_bar_beside_that_of_the_sweep(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    ended = run("train", *SWEEP, *SEEDS, "optimizer=lbfgs")
    assert ended.code == 0, ended.err
    assert re.search(r"runs built.*\n.*epoch \d+/40  loss/train", ended.out)
    assert "trained alone: optimizer=LBFGS cannot be stacked" in ended.out
