"""Random configs and damaged folders: a whole result, or one clear error."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import CONF
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from omegaconf.errors import OmegaConfBaseException

from litmlp import runs
from litmlp.console import only_logged
from litmlp.errors import UserError
from litmlp.evaluation import evaluate
from litmlp.report.write import report_runs
from litmlp.trained import trained
from litmlp.training import train

GROUPS = [
    "activation",
    "batchnorm",
    "dropout",
    "encoding",
    "initializer",
    "loss",
    "model",
    "optimizer",
    "penalty",
    "preprocessing",
    "scheduler",
]
NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 2, 3, 0.5, 1e-30, 1e30, "null", "abc", "[]", "true"]),
    st.integers(-3, 40),
    st.floats(-2, 2, allow_nan=False).map(lambda value: round(value, 4)),
)
KEYS = [
    "optimizer.lr",
    "seed",
    "data.batch_size",
    "data.test_share",
    "data.validation_share",
    "trainer.accumulate_grad_batches",
    "trainer.gradient_clip_val",
    "model.hidden_sizes",
    "data.split_seed",
    "num_threads",
    "trainer.max_steps",
    "data.num_folds",
    "data.fold",
]
TASKS = ("binary", "multiclass", "regression")

QUICK = ["trainer=cpu", "trainer.max_epochs=1", "model.hidden_sizes=[3]"]
QUICK += ["callbacks=minimal", "logger=csv"]


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[str], int, int, int]:
    """Overrides, and the rows, features and classes of a table."""
    groups = draw(st.lists(st.sampled_from(GROUPS), unique=True, max_size=4))
    chosen = [f"{group}={draw(st.sampled_from(options(group)))}" for group in groups]
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=3))
    chosen += [f"{key}={draw(NUMBERS)}" for key in keys if key != "num_threads"]
    chosen.append(f"task={draw(st.sampled_from(TASKS))}")
    shape = draw(st.integers(1, 40)), draw(st.integers(1, 5)), draw(st.integers(1, 4))
    return chosen, *shape


def write_table(path: Path, rows: int, features: int, classes: int) -> None:
    numbers = random.Random(rows)
    lines = [",".join([*(f"x{i}" for i in range(features)), "y"])]
    for row in range(rows):
        values = [f"{numbers.gauss(0, 1):.3f}" for _ in range(features)]
        lines.append(",".join([*values, str(row % classes)]))
    path.write_text("\n".join(lines))


def check_config(case: tuple[list[str], int, int, int]) -> None:
    chosen, *shape = case
    with (
        tempfile.TemporaryDirectory() as name,
        only_logged(True),
        initialize_config_dir(str(CONF), version_base="1.3"),
    ):
        home = Path(name)
        write_table(home / "t.csv", *shape)
        table = ["data=table", f"data.path={home}/t.csv", "data.target=y"]
        folder = home / "run"
        try:
            train(compose("train", [f"folder={folder}", *table, *QUICK, *chosen]))
        except (UserError, HydraException, OmegaConfBaseException) as error:
            event(f"refused: {str(error)[:60]}")
            left = runs.read_summary(folder)["status"] if folder.exists() else ""
            assert left in ("", "failed")
            return
        event("trained")
        assert runs.is_done(folder)
        assert (folder / "checkpoints" / "best.ckpt").is_file()


FILES = (
    "summary.json",
    ".hydra/config.yaml",
    "checkpoints/best.ckpt",
    "checkpoints/last.ckpt",
    "metrics.csv",
)

Damage = tuple[str, int, int]
DAMAGES = st.tuples(st.sampled_from(FILES), st.integers(0, 10**6), st.integers(-1, 255))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("finished") / "run"
    with initialize_config_dir(str(CONF), version_base="1.3"), only_logged(True):
        train(compose("train", [f"folder={folder}", "data=iris", *QUICK]))
    return folder


def check_folder(finished: Path, damage: Damage) -> None:
    """A file with a byte changed, or cut off there for -1."""
    name, place, byte = damage
    with tempfile.TemporaryDirectory() as home, only_logged(True):
        folder = Path(shutil.copytree(finished, Path(home) / "run"))
        content = bytearray((folder / name).read_bytes())
        place %= len(content)
        content[place : place + 1 if byte >= 0 else None] = bytes([byte] * (byte >= 0))
        (folder / name).write_bytes(content)
        for read in (evaluate, load, report):
            try:
                read(folder)
            except UserError as error:
                event(str(error).replace(home, "")[:60])


def load(folder: Path) -> None:
    with trained(folder):
        pass


def report(folder: Path) -> None:
    report_runs([str(folder)])


SHORT: Any = {"deadline": None, "derandomize": True, "database": None}
LONG: Any = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}


@settings(max_examples=10, **SHORT)
@given(case=cases())
@example(case=(["task=regression"], 1, 1, 1))
@example(case=(["task=binary", "data.batch_size=full"], 2, 1, 2))
def test_any_config_trains_or_is_refused(case: Any) -> None:
    check_config(case)


@settings(max_examples=10, **SHORT, suppress_health_check=list(HealthCheck))
@given(damage=DAMAGES)
def test_any_damage_to_a_folder_is_survived(damage: Damage, finished: Path) -> None:
    check_folder(finished, damage)


@pytest.mark.slow
@settings(max_examples=1500, **LONG)
@given(case=cases())
def test_many_configs_train_or_are_refused(case: Any) -> None:
    check_config(case)


@pytest.mark.slow
@settings(max_examples=1500, **LONG)
@given(damage=DAMAGES)
def test_much_damage_to_a_folder_is_survived(damage: Damage, finished: Path) -> None:
    check_folder(finished, damage)
