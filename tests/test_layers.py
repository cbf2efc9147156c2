"""The law of the rooms: who may import whom, and what a template's file loads."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from conftest import ROOT

SRC = ROOT / "src"

LINES = """
hydra_plugins  scripts  litmlp.__main__  litmlp.engine.python_api
litmlp.engine.commands
litmlp.engine.hydra_call
litmlp.engine.project
litmlp.course
litmlp.engine.vectorized  litmlp.engine.search
litmlp.engine.sweep
litmlp.engine.report
litmlp.engine.predict
litmlp.engine.run
litmlp.callbacks
litmlp.engine.figures  litmlp.engine.diagnosis
litmlp.engine.folder
litmlp.engine.config
litmlp.engine.process
litmlp.engine.terminal
litmlp.engine.option_folders
litmlp.data
litmlp
"""
"""Each line may import from itself and from the lines below it."""

HEIGHTS = {
    room: height
    for height, line in enumerate(reversed(LINES.split("\n")))
    for room in line.split()
}


def name_of(path: Path) -> str:
    """The dotted name of a file of src/ or scripts/."""
    parts = path.relative_to(ROOT if path.is_relative_to(ROOT / "scripts") else SRC)
    return ".".join(parts.with_suffix("").parts).removesuffix(".__init__")


MODULES = {
    name_of(path): path
    for folder in (SRC, ROOT / "scripts")
    for path in sorted(folder.rglob("*.py"))
    if "template" not in path.parts  # a project of its own, with tests of its own
}


def room_of(module: str) -> str:
    """The longest name of LINES that the module lies in."""
    return max(
        (room for room in HEIGHTS if f"{module}.".startswith(f"{room}.")), key=len
    )


@cache
def names_in(module: str) -> frozenset[str]:
    """Names of modules, of this project or not, that a module imports anywhere."""

    def found() -> Iterator[str]:
        for node in ast.walk(ast.parse(MODULES[module].read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                assert node.level == 0, f"{module}: imports are absolute"
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    yield inner if inner in MODULES else node.module

    return frozenset(found()) - {module}


def imports_of(module: str) -> list[str]:
    """Modules of this project that a module imports."""
    return sorted(name for name in names_in(module) if name in MODULES)


def test_imports_point_downward() -> None:
    upward = [
        f"{module} imports {imported}"
        for module in MODULES
        for imported in imports_of(module)
        if HEIGHTS[room_of(imported)] > HEIGHTS[room_of(module)]
    ]
    assert not upward


def test_there_is_no_circle() -> None:
    graph = {module: imports_of(module) for module in MODULES}
    TopologicalSorter(graph).prepare()  # raises CycleError and names the circle


def test_rooms_have_no_circle() -> None:
    graph: dict[str, set[str]] = defaultdict(set)
    for module in MODULES:
        for imported in imports_of(module):
            graph[room_of(module)].add(room_of(imported))
    for room in graph:
        graph[room].discard(room)
    TopologicalSorter(graph).prepare()


def test_template_names_no_library_of_the_engine() -> None:
    engine_only = {"hydra", "omegaconf", "rich", "optuna"}
    found = [
        f"{module} imports {name}"
        for module in MODULES
        if room_of(module) in ("litmlp", "litmlp.data")
        for name in names_in(module)
        if name.split(".")[0] in engine_only
    ]
    assert not found
