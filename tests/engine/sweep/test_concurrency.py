"""Many processes at once: a folder belongs to one, and no two share a name."""

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from launched import launched, steps
from omegaconf import OmegaConf

from litmlp.engine.command_line import register_resolvers
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


FINISH = """
import sys
from pathlib import Path
from omegaconf import OmegaConf
from litmlp.engine.folder import run_folder
from litmlp.engine.run import resume
from litmlp.engine.run.resume_point import StartingPoint
config = OmegaConf.create({"resume": None})
folder = Path(sys.argv[1])
assert not resume.is_finished(folder, config)
print("asked", flush=True)
sys.stdin.readline()
read = StartingPoint(folder, config).read
with run_folder.recording(folder, config, [], earlier=read) as summary:
    summary["by"] = sys.argv[2]
"""


@pytest.mark.slow
def test_what_another_process_has_finished_meanwhile_is_not_trained_again(
    tmp_path: Path,
) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", FINISH, str(tmp_path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("first", "second")
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "asked\n"
    errors = [process.communicate("\n")[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 1]
    assert "holds a finished run, which is never overwritten" in errors[1]
    assert run_folder.read_summary(tmp_path)["by"] == "first"


def launch(_: int) -> str:
    register_resolvers()
    return str(OmegaConf.create({"name": "${litmlp.launch:}"}).name)


def test_launches_at_the_same_moment_have_names_of_their_own() -> None:
    with ProcessPoolExecutor(4, get_context("fork")) as pool:
        names = list(pool.map(launch, range(50)))
    assert len(set(names)) == 50


QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=2", "model.hidden_sizes=[2]")


@pytest.mark.slow
def test_fifty_trainings_at_once_have_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(50) as pool:
        codes = list(pool.map(lambda _: launched(tmp_path, *QUICK), range(50)))
    assert codes == [0] * 50
    folders = list((tmp_path / "logs" / "default" / "runs").iterdir())
    assert sorted(steps(tmp_path)) == sorted(folder.name for folder in folders)
    assert len(folders) == 50
    assert all(run_folder.is_done(folder) for folder in folders)
