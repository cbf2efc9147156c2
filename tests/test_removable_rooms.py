"""The course, and the vectorized engine, can be deleted: everything else works on."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from conftest import ROOT

ROOMS = {
    "course": [
        *("src/litmlp/course", "tests/course", "scripts/gallery.py"),
        *("conf/experiment/lesson", "conf/experiment/example"),
    ],
    "vectorized": [
        *("src/litmlp/engine/vectorized", "tests/engine/vectorized"),
        "scripts/benchmark_vectorized.py",
        "src/hydra_plugins/litmlp_vectorized.py",
        "conf/hydra/launcher/vectorized.yaml",
    ],
}
"""What a user deletes."""

KEPT = (
    *("src", "conf", "scripts", "tests", ".vscode"),
    *("pyproject.toml", "README.md", "Makefile"),
)

ONLY_THE_COPY = f"""
import sys
sys.path[:] = [path for path in sys.path if path != {str(ROOT / "src")!r}]
"""
"""A sitecustomize.py, so that the installed package does not stand in for the copy."""

CHECK = '''
"""Run in a copy: its modules are imported, and its scripts do their work."""

import importlib
import pkgutil
from pathlib import Path

import hydra_plugins
from conftest import ROOT, Run

import litmlp

QUICK = ("data=iris", "trainer=cpu", "trainer.max_epochs=1")


def test_the_copy_is_imported() -> None:
    assert Path(litmlp.__file__).is_relative_to(ROOT)
    ours = [path for path in hydra_plugins.__path__ if list(Path(path).glob("litmlp*"))]
    assert ours == [str(ROOT / "src" / "hydra_plugins")]
    for package in (litmlp, hydra_plugins):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "litmlp" in module.name:
                importlib.import_module(module.name)


def test_the_copy_works(run: Run, tmp_path: Path) -> None:
    assert run("train", *QUICK, "hydra.run.dir=one").code == 0
    assert run("train", "-m", *QUICK, "seed=0,1", "hydra.sweep.dir=many").code == 0
    assert (tmp_path / "many" / "report" / "report.html").is_file()
    said = run("evaluate", "run=one").out
    assert "the same as in summary.json, to the last digit" in said
'''


def copy_without(rooms: Iterable[str], folder: Path) -> Path:
    """Copy the project, without some rooms."""
    for name in KEPT:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    for path in (folder / part for room in rooms for part in ROOMS[room]):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / "tests" / "test_copy.py").write_text(CHECK)
    (folder / "hook").mkdir()
    (folder / "hook" / "sitecustomize.py").write_text(ONLY_THE_COPY)
    return folder


def check_copy(folder: Path, *arguments: str) -> None:
    """Run pytest in a copy."""
    path = f"{folder / 'hook'}{os.pathsep}{folder / 'src'}"
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"


def test_the_rest_works(tmp_path: Path) -> None:
    check_copy(copy_without(ROOMS, tmp_path), "tests/test_copy.py")


def test_tests_of_the_rest_import_no_room() -> None:
    removed = [ROOT / part for parts in ROOMS.values() for part in parts]
    named = re.compile(r"^(?:from|import) litmlp\.(?:course|engine\.vectorized)", re.M)
    for path in (ROOT / "tests").rglob("*.py"):
        if not any(path.is_relative_to(part) for part in removed):
            assert not named.search(path.read_text()), path


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_the_whole_suite_passes_without(room: str, tmp_path: Path) -> None:
    """Run all tests of a copy but those of the documentation, which names the room."""
    left_out = ("readme", "docs", "removable_rooms")
    ignored = [f"--ignore=tests/test_{name}.py" for name in left_out]
    check_copy(copy_without([room], tmp_path), "-x", *ignored)
