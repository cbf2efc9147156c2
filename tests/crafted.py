"""A run's folder, used with a checkpoint in it that someone has written by hand."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from scripted import scripted

from litmlp.engine.folder.checkpoints import LAST, PREVIOUS

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


USES = {"resume": LAST, "resume within an epoch": PREVIOUS}
"""The checkpoint that is the only one for each use."""

Edit = Callable[[dict[str, Any]], object]


def used(finished: Path, home: Path, use: str, edit: Edit) -> tuple[int, str]:
    """Resume from this one checkpoint: the exit code of the script and its message.

    A checkpoint that is called damaged leaves all files as they were.
    """
    folder = Path(shutil.copytree(finished / "run", home / "run"))
    shutil.copy(finished / "t.csv", home)
    content = torch.load(folder / "checkpoints" / USES[use])
    edit(content)
    for path in (folder / "checkpoints").iterdir():
        path.unlink()
    torch.save(content, folder / "checkpoints" / LAST)
    before = contents(home)
    with contextlib.chdir(home):
        code, said = scripted("train", "resume=run", "trainer.max_epochs=5")
    if "is damaged" in said:
        assert contents(home) == before
    return code, said


def contents(home: Path) -> dict[Path, bytes]:
    files = (path for path in home.rglob("*") if path.is_file())
    return {path.relative_to(home): path.read_bytes() for path in files}
