"""Bars of a process are one display, and what is printed stands above them."""

import pytest

from litmlp.engine.terminal.console import console
from litmlp.engine.terminal.progress_bars import bars


def test_bars_within_bars_are_the_same_and_a_line_stands_above_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # rich takes the stream for a terminal
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(console, "is_interactive", True)
    with bars() as outer, bars() as inner:
        assert inner is outer
        outer.add_task("the bar")
        outer.refresh()
        capsys.readouterr()
        console.print("a line")
        before, line, after = capsys.readouterr().out.partition("a line")
    assert before.endswith("\x1b[2K"), "the bar was erased"
    assert line
    assert "the bar" in after
    with bars() as later:
        assert later is not outer
