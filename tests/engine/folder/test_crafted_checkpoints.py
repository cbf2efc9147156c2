"""Checkpoints that someone has written by hand: used, or refused in one line."""

import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from crafted import USES, Edit, finished_run, used
from hypothesis import event, given, settings
from hypothesis import strategies as st
from random_configs import SHORT

from litmlp.engine.folder import run_folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished_run(tmp_path_factory.mktemp("finished"))


def nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    return [nested(depth - 1)] if depth else inner


VALUES: dict[str, Callable[[], Any]] = {
    **{
        repr(value): lambda value=value: value
        for value in (None, True, -1, 0, 1, 7, 2**62, 10**30, -(10**12), 0.5, -1e308)
    },
    **{repr(value): lambda value=value: value for value in (math.nan, math.inf, "x")},
    "nothing": list,
    "no entry": dict,
    "an entry": lambda: {"x": 1},
    "numbers": lambda: [1, 2.5],
    "a pair": lambda: (1, "x"),
    "lists in lists": lambda: nested(60),
    "a matrix": lambda: torch.ones(2, 3),
    "an empty tensor": lambda: torch.ones(0),
    "NaN as a tensor": lambda: torch.tensor(math.nan),
    "a huge index": lambda: torch.tensor([2**62]),
    "complex": lambda: torch.ones(2, dtype=torch.complex64),
    "a huge tensor": lambda: torch.ones(1).expand(10**12),
    "a sparse tensor": lambda: torch.eye(3).to_sparse(),
    "a tensor without values": lambda: torch.ones(2, device="meta"),
}

Change = tuple[Sequence[int], str, str]
CHANGES = st.tuples(
    st.lists(st.integers(0, 30), min_size=1, max_size=9),
    st.sampled_from(["replace"] * 6 + ["remove", "rename", "add"]),
    st.sampled_from([*VALUES]),
)


def make(change: Change) -> Edit:
    """An edit: the way down is by numbers of children."""
    way, action, value = change

    def edit(node: Any) -> None:
        parent, key = node, None
        for number in way:
            if isinstance(node, tuple):
                node = parent[key] = list(node)
            if not isinstance(node, (dict, list)) or not node:
                break
            keys = [*node] if isinstance(node, dict) else range(len(node))
            parent, key = node, keys[number % len(node)]
            node = parent[key]
        if action == "replace" or not isinstance(parent, dict):
            parent[key] = VALUES[value]()
        elif action == "add":
            parent["new"] = VALUES[value]()
        else:
            moved = parent.pop(key)
            parent |= {"new": moved} if action == "rename" else {}

    return edit


Case = tuple[str, list[Change]]
CASES = st.tuples(st.sampled_from([*USES]), st.lists(CHANGES, min_size=1, max_size=2))


def check(finished: Path, case: Case) -> None:
    use, changes = case

    def edit(content: dict[str, Any]) -> None:
        for change in changes:
            make(change)(content)

    with tempfile.TemporaryDirectory() as name:
        code, said = used(finished, Path(name), use, edit)
        if code:
            (line,) = said.splitlines()
            assert line.startswith("error: ")
            event(f"{use}: {line.replace(name, '')[:60]}")
        elif use.startswith("resume"):
            assert run_folder.is_done(Path(name) / "run")


@settings(max_examples=12, **SHORT)
@given(case=CASES)
def test_any_checkpoint_is_used_or_refused(case: Case, finished: Path) -> None:
    check(finished, case)


@pytest.mark.parametrize("use", USES)
def test_a_checkpoint_as_it_was_written_is_used(
    use: str, finished: Path, tmp_path: Path
) -> None:
    assert used(finished, tmp_path, use, lambda content: None) == (0, "")
