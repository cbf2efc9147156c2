"""Many processes at once: a folder belongs to one, and no two share a name."""

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from litmlp import runs
from litmlp.command_line import register_resolvers
from litmlp.errors import UserError

HOLD = """
import sys
from pathlib import Path
from omegaconf import OmegaConf
from litmlp import runs
with runs.recording(Path(sys.argv[1]), OmegaConf.create({}), []):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_of_two_processes_one_has_the_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "run")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout
        assert first.stdout.readline() == "held\n"
        second = subprocess.run(command, input="\n", capture_output=True, text=True)
        assert second.returncode == 1
        assert "is in use by another process" in second.stderr
        with pytest.raises(UserError, match="in use by another process"):
            runs.refuse_taken(tmp_path / "run")
        first.communicate("\n")
    assert first.returncode == 0
    assert runs.read_summary(tmp_path / "run")["status"] == "done"


def launch(_: int) -> str:
    register_resolvers()
    return str(OmegaConf.create({"name": "${launch:}"}).name)


def test_launches_at_the_same_moment_have_names_of_their_own() -> None:
    with ProcessPoolExecutor(4, get_context("fork")) as pool:
        names = list(pool.map(launch, range(50)))
    assert len(set(names)) == 50
