"""Tables of every kind and fault: train, predict and export agree, or an error."""

import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from interrupted import run
from polars import selectors as cs
from random_configs import LONG, QUICK, SHORT, tables

from litmlp.engine.predict.export import export
from litmlp.engine.predict.predict_file import predict_file
from litmlp.engine.predict.trained_model import trained
from litmlp.engine.terminal.console import only_logged
from litmlp.errors import UserError

TASKS = {"binary": 2, "multiclass": 3, "regression": 8}
"""And values that a target of each has."""

CHOICES = {
    "preprocessing": ["standardize", "robust", "quantile_normal", "none"],
    "encoding": ["auto", "one_hot", "embedding"],
}


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, str, list[str]]:
    """A task, a table for it, and options."""
    task = draw(st.sampled_from([*TASKS]))
    options = [f"{g}={draw(st.sampled_from(names))}" for g, names in CHOICES.items()]
    return task, draw(tables(TASKS[task])), options


def check(task: str, table: str, options: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name, only_logged(True):
        folder = Path(name)
        (folder / "t.csv").write_text(table)
        overrides = ["data=table", f"data.path={folder}/t.csv", "data.target=y"]
        overrides += [*QUICK, f"task={task}", *options]
        refused = False
        try:
            run(folder / "run", *overrides)
        except UserError as error:
            refused = True
            event(str(error)[len(name) : 160])
        assert refused != (folder / "run" / "checkpoints").exists()
        if refused:
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


@settings(max_examples=3, **SHORT)
@given(case=cases())
def test_train_predict_and_export_agree(case: Any) -> None:
    check(*case)


@pytest.mark.slow
@settings(max_examples=150, **LONG)
@given(case=cases())
def test_train_predict_and_export_agree_on_many_tables(case: Any) -> None:
    check(*case)
