"""A script draws its bars in a real terminal, and ends."""

import contextlib
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

LONGEST = 300
"""Seconds before a script that does not end is killed."""

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=2")


def in_terminal(home: Path, *arguments: str) -> str:
    """Run scripts/train.py with a terminal as its output; returns what it got."""
    reader, writer = pty.openpty()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), writer)
    python = [sys.executable, str(ROOT / "scripts" / "train.py"), *arguments]
    process = subprocess.Popen(
        ["timeout", "--signal=KILL", str(LONGEST), *python],
        cwd=home,
        env=os.environ | {"TERM": "xterm"},
        **streams,
    )
    os.close(writer)
    shown = b""
    with contextlib.suppress(OSError):  # raised by Linux once the terminal is closed
        while part := os.read(reader, 65536):
            shown += part
    os.close(reader)
    assert process.wait() == 0, shown.decode()
    return shown.decode()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("hydra.run.dir=run",), "tensorboard --logdir run"),
        (("-m", "seed=0,1"), "2/2  "),
    ],
)
def test_a_script_draws_its_bar_and_ends(
    arguments: tuple[str, ...], text: str, tmp_path: Path
) -> None:
    shown = in_terminal(tmp_path, *QUICK, *arguments)
    assert "━" in shown
    assert text in shown
