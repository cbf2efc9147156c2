"""Bars of a process are one display, and what is printed stands above them."""

import pytest

from litmlp.engine.terminal.console import console
from litmlp.engine.terminal.progress_bars import bars

ERASE = "\x1b[2K"


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich takes the captured stream for one."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(console, "is_interactive", True)


def test_bars_within_bars_are_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    with bars() as outer, bars() as inner:
        assert inner is outer
    with bars() as later:
        assert later is not outer


def test_a_line_is_printed_where_a_bar_was(capsys: pytest.CaptureFixture[str]) -> None:
    with bars() as shown:
        shown.add_task("the bar")
        shown.refresh()
        capsys.readouterr()
        console.print("a line")
        printed = capsys.readouterr().out
    before, line, after = printed.partition("a line")
    assert before.endswith(ERASE)
    assert line
    assert "the bar" in after
