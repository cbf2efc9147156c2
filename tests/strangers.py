"""Runs that come from a stranger: made, and then spoilt."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from scripted import scripted

ROWS = "x,note,y\n" + "\n".join(f"{i / 7},=1+{i},{'ab'[i % 2]}" for i in range(40))

Edit = Callable[[dict[str, Any]], None]


def run_and_table(home: Path) -> Path:
    """A run of an epoch, and the table that it was trained on, in one folder."""
    (home / "t.csv").write_text(ROWS)
    quick = ["trainer=cpu", "trainer.max_epochs=1", "model.hidden_sizes=[2]"]
    quick += ["callbacks=minimal", "logger=csv", "data=table", "task=binary"]
    table = [f"data.path={home}/t.csv", "data.target=y", "data.drop=[note]"]
    here = f"hydra.run.dir={home}/run"
    assert scripted("train", *quick, *table, here) == (0, "")
    return home


def copied(home: Path, folder: Path) -> Path:
    """Copy the run and its table, to be used and spoilt."""
    shutil.copytree(home, folder, dirs_exist_ok=True)
    return folder / "run"


def spoil(folder: Path, edit: Edit) -> None:
    """Change the config that the run has saved."""
    path = folder / ".hydra" / "config.yaml"
    content: Any = OmegaConf.to_container(OmegaConf.load(path))
    edit(content)
    OmegaConf.save(OmegaConf.create(content), path)
