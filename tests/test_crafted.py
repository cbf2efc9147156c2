"""Checkpoints that someone has written by hand: used, or refused in one line."""

import contextlib
import math
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import torch
from hypothesis import event, given, settings
from hypothesis import strategies as st
from random_configs import LONG, SHORT
from scripted import scripted

from litmlp import checkpoints, runs
from litmlp.checkpoints import BEST, LAST, PREVIOUS, DamagedError
from litmlp.contents import Last

ROWS = "x,c,y\n" + "\n".join(f"{i / 7},{'ab'[i % 2]},{'uv'[i % 2]}" for i in range(90))
BEGUN = ["data=table", "data.target=y", "task=binary", "data.batch_size=20"]
BEGUN += ["trainer=cpu", "trainer.max_epochs=3", "trainer.max_time=00:01:00:00"]
BEGUN += ["model.hidden_sizes=[2]", "dropout=dropout", "logger=csv"]
BEGUN += ["callbacks.checkpoint.every_iterations=5"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs of three batches; its previous checkpoint is within one."""
    home = tmp_path_factory.mktemp("finished")
    (home / "t.csv").write_text(ROWS)
    table = f"data.path={home}/t.csv"
    assert scripted("train", *BEGUN, table, f"hydra.run.dir={home}/run") == (0, "")
    return home


USES = {
    "resume": (LAST, ["train", "resume=run", "trainer.max_epochs=5"]),
    "resume within an epoch": (
        PREVIOUS,
        ["train", "resume=run", "trainer.max_epochs=5"],
    ),
    "evaluate": (BEST, ["evaluate", "run=run"]),
    "evaluate a file": (BEST, ["evaluate", "run=run", "input=t.csv"]),
    "predict": (BEST, ["predict", "run=run", "input=t.csv", "output=out.csv"]),
    "export": (BEST, ["export", "run=run", "format=onnx", "output=out.onnx"]),
}
"""By what is done: the checkpoint that it reads, and the command."""

Edit = Callable[[dict[str, Any]], object]


def used(finished: Path, home: Path, use: str, edit: Edit) -> tuple[int, str]:
    """How a script ends that finds this one checkpoint, and what it says.

    It may write into the run's folder and where it is told; a checkpoint that is called
    damaged leaves all as it was.
    """
    name, command = USES[use]
    folder = Path(shutil.copytree(finished / "run", home / "run"))
    shutil.copy(finished / "t.csv", home)
    content = torch.load(folder / "checkpoints" / name)
    edit(content)
    for path in (folder / "checkpoints").iterdir():
        path.unlink()
    kept = BEST if name == BEST else LAST
    torch.save(content, folder / "checkpoints" / kept)
    before = contents(home)
    with contextlib.chdir(home):
        code, said = scripted(*command)
    after = contents(home)
    new = {path.parts[0] for path in after.keys() - before.keys()}
    assert new <= {"run", "out.csv", "out.onnx"}
    if "is damaged" in said:
        assert before == after
    return code, said


def contents(home: Path) -> dict[Path, bytes]:
    files = (path for path in home.rglob("*") if path.is_file())
    return {path.relative_to(home): path.read_bytes() for path in files}


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
            assert runs.is_done(Path(name) / "run")


@settings(max_examples=12, **SHORT)
@given(case=CASES)
def test_any_checkpoint_is_used_or_refused(case: Case, finished: Path) -> None:
    check(finished, case)


@pytest.mark.slow
@settings(max_examples=1500, **LONG)
@given(case=CASES)
def test_many_checkpoints_are_used_or_refused(case: Case, finished: Path) -> None:
    check(finished, case)


@pytest.mark.parametrize("use", USES)
def test_a_checkpoint_as_it_was_written_is_used(
    use: str, finished: Path, tmp_path: Path
) -> None:
    assert used(finished, tmp_path, use, lambda content: None) == (0, "")


def endless(content: dict[str, Any]) -> None:
    counts = content["loops"]["fit_loop"]["epoch_progress"]["current"]
    counts["processed"] = -(10**12)


def timeless(content: dict[str, Any]) -> None:
    content["callbacks"]["Timer"]["time_elapsed"]["train"] = math.nan


def doubling(content: dict[str, Any]) -> None:
    pair: list[Any] = []
    for _ in range(40):
        pair = [pair, pair]
    content["optimizer_states"][0]["state"] = pair


def within_itself(content: dict[str, Any]) -> None:
    content["optimizer_states"].append(content["optimizer_states"])


def callback(kind: str, **values: Any) -> Edit:
    """Changes what a callback keeps."""

    def edit(content: dict[str, Any]) -> None:
        (name,) = (key for key in content["callbacks"] if key.startswith(kind))
        content["callbacks"][name].update(values)

    return edit


HOSTILE: dict[str, tuple[Edit, str]] = {
    "epochs that never end": (endless, "processed: Input should be greater than or"),
    "time that never passes": (timeless, "train: Input should be a finite number"),
    "lists that double": (doubling, "nested too deeply, or hold themselves"),
    "a list within itself": (within_itself, "nested too deeply, or hold themselves"),
    "a tensor of terabytes": (
        lambda content: content.update(samples=VALUES["a huge tensor"]()),
        "a tensor in it is larger than the file",
    ),
    "random numbers from beyond their key": (
        lambda content: content["unfinished"]["processes"][0]["random"][
            "numpy"
        ].__setitem__(2, 10**6),
        "numpy.2: Input should be less than or equal to 624",
    ),
    "no optimizer": (
        lambda content: content["optimizer_states"].clear(),
        "optimizer_states: List should have at least 1 item",
    ),
    "no early stopping": (
        callback("EarlyStopping", wait_count="x"),
        "wait_count: Input should be a valid integer",
    ),
    "a best score that is none": (
        callback("EarlyStopping", best_score=torch.ones(2)),
        "best_score: Value error, it has 2 values, not one",
    ),
    "no speed": (
        callback("Throughput", samples="x"),
        "samples: Input should be a valid integer",
    ),
    "no losses": (
        callback("Diagnosis", losses={"loss/train": [1.0]}),
        "losses.loss/val: Field required",
    ),
    "records that are none": (
        callback("Diagnosis", records=[{"gradient_norm/all": "x"}]),
        "records.0.gradient_norm/all: Input should be a valid number",
    ),
    "a note that is none": (
        callback("Divergence", note=["x"]),
        "note: Input should be a valid string",
    ),
    "a version in words": (
        lambda content: content.update(format="first"),
        "invalid literal for int",
    ),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_nothing_is_begun_with_what_would_never_end(
    attack: str, finished: Path, tmp_path: Path
) -> None:
    edit, reason = HOSTILE[attack]
    code, said = used(finished, tmp_path, "resume", edit)
    (line,) = said.splitlines()
    assert code == 1
    assert "last.ckpt is damaged (" in line
    assert reason in line
    assert line.endswith("nothing to go on from")


def test_a_small_file_is_not_unpacked_to_a_large_one(tmp_path: Path) -> None:
    path = tmp_path / LAST
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(2**24))
    assert path.stat().st_size < 2**15
    with pytest.raises(DamagedError, match="its parts are larger than the file"):
        checkpoints.read(path, Last)


def memory(content: dict[str, Any]) -> dict[str, Any]:
    """What the optimizer remembers of the first weights."""
    return cast(dict[str, Any], content["optimizer_states"][0]["state"][0])


MISFITS: dict[str, Edit] = {
    "weights of another network": lambda content: content["state_dict"].update(
        {"network.output.bias": torch.ones(5)}
    ),
    "other groups of weights": lambda content: content["optimizer_states"][0][
        "param_groups"
    ].extend(content["optimizer_states"][0]["param_groups"]),
    "a second optimizer": lambda content: content["optimizer_states"].extend(
        content["optimizer_states"]
    ),
    "other processes": lambda content: content["unfinished"]["processes"].extend(
        content["unfinished"]["processes"]
    ),
    "too short a memory": lambda content: memory(content).update(exp_avg=torch.ones(1)),
    "a memory of one number": lambda content: memory(content).update(
        exp_avg=torch.ones(1, 1).expand_as(memory(content)["exp_avg"])
    ),
    "no step": lambda content: memory(content).update(step=torch.ones(0)),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_what_does_not_fit_the_run_is_not_written_again(
    misfit: str, finished: Path, tmp_path: Path
) -> None:
    """A state that is restored by half would look like one between two batches."""
    before = torch.load(finished / "run" / "checkpoints" / PREVIOUS)
    MISFITS[misfit](before)
    code, said = used(finished, tmp_path, "resume within an epoch", MISFITS[misfit])
    (line,) = said.splitlines()
    assert (code, line[:7]) == (1, "error: ")
    folder = tmp_path / "run" / "checkpoints"
    assert [path.name for path in folder.iterdir()] == [LAST]
    assert torch.load(folder / LAST).keys() == before.keys()
    if misfit != "other processes":  # before the curves are cut back
        csv = (path / "run" / "metrics.csv" for path in (finished, tmp_path))
        assert next(csv).read_bytes() == next(csv).read_bytes()
