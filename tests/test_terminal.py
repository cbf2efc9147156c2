"""Every script of the README runs in a real terminal, and ends."""

import contextlib
import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import ROOT

LONGEST = 300
"""Seconds before scripts that do not end are killed."""

QUICK = ("trainer=cpu", "trainer.max_epochs=2")
TABLE = str(ROOT / "tests" / "people.csv")
OWN = ("data=table", f"data.path={TABLE}", "data.target=income", "data.drop=[id]")

TRAINING = {
    ("train", *OWN, *QUICK, "hydra.run.dir=run"): "tensorboard --logdir run",
    ("predict", "run=run", f"input={TABLE}", "output=predicted.csv"): (
        "rows → predicted.csv"
    ),
    ("train", "-m", "data=iris", "seed=0,1", *QUICK): "2/2  ",
}
OTHERS = {
    ("evaluate", "run=run", f"input={TABLE}"): "rows → run/evaluations",
    ("export", "run=run", "format=onnx"): "model.onnx",
    ("report", "runs=logs/*/sweeps/*"): "report.html",
    ("gallery", "activation=gelu"): "1 of 1 drawn",
}
"""Commands, and what each shows."""

IN_ONE_PROCESS = """
import json, runpy, sys

_, root, commands = sys.argv
for script, *arguments in json.loads(commands):
    path = f"{root}/scripts/{script}.py"
    sys.argv = [path, *arguments]
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
"""
"""Runs scripts one after the other, which load their libraries once."""


def in_terminal(home: Path, commands: Sequence[Sequence[str]]) -> str:
    """Run the commands with a terminal as their output; returns what it got."""
    reader, writer = pty.openpty()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), writer)
    python = [sys.executable, "-c", IN_ONE_PROCESS, str(ROOT), json.dumps(commands)]
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
    "commands",
    [TRAINING, pytest.param(TRAINING | OTHERS, marks=pytest.mark.slow)],
    ids=["training", "all"],
)
def test_scripts_end_in_a_terminal(
    commands: dict[tuple[str, ...], str], tmp_path: Path
) -> None:
    shown = in_terminal(tmp_path, [*commands])
    for text in ("━", *commands.values()):  # the first is of a bar
        assert text in shown
