"""Many processes at once: a folder belongs to one, and no two share a name."""

import subprocess
import sys
from pathlib import Path

import pytest

from litmlp.engine.folder import run_folder
from litmlp.errors import UserError

HOLD = """
import sys
from pathlib import Path
from omegaconf import OmegaConf
from litmlp.engine.folder import run_folder
with run_folder.recording(Path(sys.argv[1]), OmegaConf.create({}), []):
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
            run_folder.check_free(tmp_path / "run")
        first.communicate("\n")
    assert first.returncode == 0
    assert run_folder.read_summary(tmp_path / "run")["status"] == "done"
