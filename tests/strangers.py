"""Runs that come from a stranger: made, and then spoilt."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from conftest import CONF
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from litmlp.engine.run.train import train
from litmlp.engine.terminal.console import only_logged

ROWS = "x,note,y\n" + "\n".join(f"{i / 7},=1+{i},{'ab'[i % 2]}" for i in range(40))

Edit = Callable[[dict[str, Any]], None]


def run_and_table(home: Path) -> Path:
    """A run of an epoch, and the table that it was trained on, in one folder."""
    (home / "t.csv").write_text(ROWS)
    quick = ["trainer=cpu", "trainer.max_epochs=1", "model.hidden_sizes=[2]"]
    table = [f"data.path={home}/t.csv", "data.target=y", "data.drop=[note]"]
    with initialize_config_dir(str(CONF), version_base="1.3"), only_logged(True):
        few = ["callbacks=minimal", "logger=csv", f"folder={home}/run"]
        train(compose("train", ["data=table", "task=binary", *table, *quick, *few]))
    return home


def spoil(folder: Path, edit: Edit) -> None:
    """Change the config that the run has saved."""
    path = folder / ".hydra" / "config.yaml"
    content: Any = OmegaConf.to_container(OmegaConf.load(path))
    edit(content)
    OmegaConf.save(OmegaConf.create(content), path)
