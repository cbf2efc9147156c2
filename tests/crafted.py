"""A run's folder, used with a checkpoint in it that someone has written by hand."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from scripted import scripted

from litmlp.engine.folder.checkpoints import BEST, LAST, PREVIOUS

ROWS = "x,c,y\n" + "\n".join(f"{i / 7},{'ab'[i % 2]},{'uv'[i % 2]}" for i in range(90))
BEGUN = ["data=table", "data.target=y", "task=binary", "data.batch_size=20"]
BEGUN += ["trainer=cpu", "trainer.max_epochs=3", "trainer.max_time=00:01:00:00"]
BEGUN += ["model.hidden_sizes=[2]", "dropout=dropout", "logger=csv"]
BEGUN += ["callbacks.checkpoint.every_iterations=5"]


def finished_run(home: Path) -> Path:
    """A run of three epochs of three batches; its previous checkpoint is within one."""
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
