"""Tables of every kind and fault: train, predict and export agree, or an error."""

import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from hypothesis import event, given, settings
from hypothesis import strategies as st
from interrupted import run
from random_configs import LONG, QUICK, SHORT, tables

from litmlp.engine.predict.export import export
from litmlp.engine.predict.predict_file import open_predictor, predict_file
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
        predictions = folder / "from_run.parquet", folder / "from_onnx.parquet"
        export(folder / "run", format="onnx", output=f"{folder}/model.onnx")
        for source, output in zip(("run", "model.onnx"), predictions, strict=True):
            with open_predictor(folder / source) as model:
                predict_file(model, f"{folder}/t.csv", str(output))
        from_run, from_onnx = map(pl.read_parquet, predictions)
        assert len(from_run) == table.count("\n")
        assert from_run.columns == from_onnx.columns
        for column in from_run.select(pl.col("^(predicted|probability)_.*$")):
            if column.dtype == pl.String:
                continue  # of two classes as likely, rounding decides
            found, expected = from_onnx[column.name].to_torch(), column.to_torch()
            assert expected.isfinite().all()
            scale = max(1.0, float(expected.abs().max()))
            torch.testing.assert_close(found, expected, atol=1e-5 * scale, rtol=1e-4)


@settings(max_examples=3, **SHORT)
@given(case=cases())
def test_train_predict_and_export_agree(case: Any) -> None:
    check(*case)


@pytest.mark.slow
@settings(max_examples=150, **LONG)
@given(case=cases())
def test_train_predict_and_export_agree_on_many_tables(case: Any) -> None:
    check(*case)
