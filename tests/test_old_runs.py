"""Run folders that were left before modules moved evaluate to the recorded numbers."""

import importlib
import shutil
from pathlib import Path

import pytest

from litmlp.construct import MOVED, resolve
from litmlp.engine.folder.run_folder import read_summary
from litmlp.engine.predict.evaluate_run import evaluate_run

OLD_RUNS = Path(__file__).parent / "old_runs"


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_an_old_run_evaluates_to_its_recorded_metrics(
    kind: str, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(OLD_RUNS / kind, tmp_path / kind))
    recorded = read_summary(folder)["metrics"]
    # One bit of a float32: processors of another kind may round otherwise. R² is a
    # difference from 1, so that its bit is one of 1.
    assert evaluate_run(folder) == pytest.approx(recorded, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize(
    "target",
    ["litmlp.loggers.TensorBoard", "litmlp.lessons.lesson.Lesson"],
)
def test_an_old_target_is_found_where_it_is_now(target: str) -> None:
    assert resolve(target, "here").__name__ == target.rpartition(".")[2]


def test_each_entry_of_the_table_leads_to_a_module_that_is_there() -> None:
    for new in MOVED.values():
        assert importlib.import_module(new.rstrip("."))
