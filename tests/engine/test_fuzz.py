"""Random configs, tables and damaged folders: a whole result, or one clear error."""

import contextlib
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from interrupted import run
from polars import selectors as cs
from random_configs import LONG, QUICK, SHORT, TASKS, cases, tables
from scripted import scripted

from litmlp.engine.folder import run_folder
from litmlp.engine.predict.evaluate_run import evaluate_run
from litmlp.engine.predict.export import export
from litmlp.engine.predict.predict_file import predict_file
from litmlp.engine.predict.trained_model import trained
from litmlp.engine.report.make_report import report_runs
from litmlp.engine.terminal.console import only_logged
from litmlp.errors import UserError

Case = tuple[list[str], str]


def check_config(case: Case) -> None:
    """Trains and leaves a whole run that can be measured again, or says one line."""
    command, table = case
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        folder = Path("run")
        Path("t.csv").write_text(table)
        code, said = scripted("train", "hydra.run.dir=run", *QUICK, *command)
        if code:
            (line,) = said.splitlines()
            assert line.startswith("error: ")
            event(f"refused: {line[:60]}")
            begun = (folder / "checkpoints").exists()
            assert folder.exists() == begun
            assert not begun or run_folder.read_summary(folder)["status"] == "failed"
            return
        event("trained")
        assert run_folder.is_done(folder)
        with contextlib.redirect_stdout(io.StringIO()):
            evaluate_run(folder)


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
    with only_logged(True):
        run(folder, "data=iris", *QUICK)
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
        for read in (evaluate_run, load, report):
            try:
                read(folder)
            except UserError as error:
                event(str(error).replace(home, "")[:60])


def load(folder: Path) -> None:
    with trained(folder):
        pass


def report(folder: Path) -> None:
    report_runs([str(folder)])


CHOICES = {
    "preprocessing": ["standardize", "robust", "quantile_normal", "none"],
    "encoding": ["auto", "one_hot", "embedding"],
}


@st.composite
def trainings(draw: st.DrawFn) -> Case:
    """Options for a task, and a table for it."""
    task = draw(st.sampled_from(["binary", "multiclass", "regression"]))
    options = [f"{g}={draw(st.sampled_from(names))}" for g, names in CHOICES.items()]
    return [f"task={task}", *options], draw(tables(TASKS[task]))


def check_predictions(case: Case) -> None:
    """A run and its export predict the same, or the table is refused."""
    options, table = case
    with tempfile.TemporaryDirectory() as name, only_logged(True):
        folder = Path(name)
        (folder / "t.csv").write_text(table)
        try:
            own = ["data=table", f"data.path={folder}/t.csv", "data.target=y"]
            run(folder / "run", *own, *QUICK, *options)
        except UserError as error:
            event(str(error)[len(name) : 160])
            assert not (folder / "run" / "checkpoints").exists()
            return
        lacks_it = "preprocessing=quantile_normal" in options
        # It is checked against the checkpoint.
        export(folder / "run", format="torch_export" if lacks_it else "onnx")
        with trained(folder / "run") as model:
            predict_file(model, f"{folder}/t.csv", f"{folder}/predicted.parquet")
        predicted = pl.read_parquet(folder / "predicted.parquet")
        assert len(predicted) == table.count("\n")
        numbers = cs.matches("^(predicted|probability)_") & cs.numeric()
        assert predicted.select(numbers.is_finite().all()).to_numpy().all()


TABLE = ["data=table", "data.path=t.csv", "data.target=y"]


@settings(max_examples=2, **SHORT)
@given(case=cases())
@example(case=([*TABLE, "task=regression"], "x,y\n1,1"))
@example(case=([*TABLE, "task=binary", "data.batch_size=full"], "x,y\n1,0\n1,1"))
@example(case=([*TABLE, "data.test_path=1", "seed=0.0"], "x,y\n1,0\n1,1"))
def test_any_config_trains_or_is_refused(case: Case) -> None:
    check_config(case)


@settings(max_examples=10, **SHORT)
@given(damage=DAMAGES)
def test_any_damage_to_a_folder_is_survived(damage: Damage, finished: Path) -> None:
    check_folder(finished, damage)


@settings(max_examples=3, **SHORT)
@given(case=trainings())
def test_train_predict_and_export_agree(case: Case) -> None:
    check_predictions(case)


@pytest.mark.slow
@settings(max_examples=150, **LONG)
@given(case=trainings())
def test_train_predict_and_export_agree_on_many_tables(case: Case) -> None:
    check_predictions(case)


@pytest.mark.slow
@settings(max_examples=1500, **LONG)
@given(case=cases())
def test_many_configs_train_or_are_refused(case: Case) -> None:
    check_config(case)


@pytest.mark.slow
@settings(max_examples=1500, **LONG)
@given(damage=DAMAGES)
def test_much_damage_to_a_folder_is_survived(damage: Damage, finished: Path) -> None:
    check_folder(finished, damage)
