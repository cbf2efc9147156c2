"""The wheel holds what its commands need, in an environment and folder of its own."""

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import CONF, ROOT

backend = pytest.importorskip("hatchling.build", reason="hatchling builds the wheel")

TABLE = str(ROOT / "tests" / "people.csv")
QUICK = (
    "data=table",
    f"data.path={TABLE}",
    "data.target=income",
    "data.drop=[id]",
    "trainer.max_epochs=1",
    "logger=csv",
)

COMMANDS = f"""\
import sys
from importlib.metadata import entry_points
import hydra_plugins.litmlp_project, litmlp

for module in (litmlp, hydra_plugins.litmlp_project):
    assert module.__file__.startswith(sys.prefix), module.__file__
(program,) = entry_points(group="console_scripts", name="litmlp")
for typed in (
    "train -m {" ".join(QUICK)} seed=0,1 hydra.sweep.dir=sweep",
    "report runs=sweep",
    "new churn",
):
    sys.argv = ["litmlp", *typed.split()]
    try:
        program.load()()
    except SystemExit as end:
        assert not end.code, typed
"""
"""Calls of the wheel's entry point in one process: each loads torch for seconds."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return folder / backend.build_wheel(str(folder))


def test_the_wheel_holds_every_file_that_is_read(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    beside = {
        f"litmlp/{path.relative_to(ROOT).as_posix()}"
        for path in [ROOT / "CHANGELOG.md", *CONF.rglob("*.*")]
    }
    assert sources | beside == {name for name in names if ".dist-info/" not in name}


def test_the_installed_commands_work_in_an_empty_folder(
    wheel: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / "env")
    (packages,) = (tmp_path / "env").glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    # Torch and the others, from where they are: Python reads no .pth file in there, so
    # not the one that leads to this checkout.
    others = [path for path in sys.path if Path(path).name == "site-packages"]
    (packages / "others.pth").write_text("\n".join(others))
    folder = tmp_path / "empty"
    folder.mkdir()
    ended = subprocess.run(
        [tmp_path / "env" / "bin" / "python", "-c", COMMANDS],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    summaries = [json.loads(p.read_text()) for p in folder.glob("sweep/*/summary.json")]
    assert [summary["status"] for summary in summaries] == ["done"] * 2
    assert (folder / "sweep" / "report" / "report.html").is_file()
    assert (folder / "churn" / "src" / "churn" / "networks.py").is_file()
