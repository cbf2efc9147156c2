"""Short runs on the table of people, one target of each kind."""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
from conftest import CONF, ROOT
from hydra import compose, initialize_config_dir

from litmlp.engine.run.train import train

PEOPLE = ROOT / "tests" / "people.csv"
TASKS = {"income": "regression", "city": "multiclass", "member": "binary"}


def train_on_people(folder: Path, target: str, *choices: str) -> Path:
    """Train into a folder; the table is removed then, since no use of it needs one."""
    folder.mkdir(parents=True)
    table = shutil.copy(PEOPLE, folder / "training.csv")
    what = [f"data.path={table}", f"data.target={target}", f"task={TASKS[target]}"]
    fixed = ["data=table", "data.drop=[id]", "trainer=cpu", "trainer.max_epochs=3"]
    quick = [*fixed, *what, "callbacks=minimal", "logger=none", f"folder={folder}"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        train(compose("train", [*quick, *choices]))
    table.unlink()
    return folder


def people() -> pl.DataFrame:
    """The table as it stands in its file."""
    return pl.read_csv(PEOPLE, infer_schema=False)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())
