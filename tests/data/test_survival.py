"""What a person sees of files that polars breaks off at."""

import signal
import subprocess
import sys

ABORTS = """
import os
from litmlp.data.survival import survived
with survived("people.parquet"):
    os.abort()
"""

TWICE = """
import faulthandler
from litmlp.data.survival import survived
for _ in range(2):
    with survived("people.parquet"), survived("people.parquet"):
        assert faulthandler.is_enabled()
    assert not faulthandler.is_enabled()
"""


def python(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_process_that_is_ended_says_so() -> None:
    ended = python(ABORTS)
    assert ended.returncode == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in ended.stderr


def test_a_file_that_is_read_leaves_all_as_it_was() -> None:
    ended = python(TWICE)
    assert (ended.returncode, ended.stderr) == (0, "")
