"""Tables of every kind and fault: train, predict and export agree, or an error."""

import math
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from conftest import CONF
from hydra import compose, initialize_config_dir
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from litmlp.engine.predict.export import export
from litmlp.engine.predict.predict_file import open_predictor, predict_file
from litmlp.engine.run.train import train
from litmlp.engine.terminal.console import only_logged
from litmlp.errors import UserError

WORDS = ["red", "blue", 'a "quoted" one', "comma, inside", "two\nlines", "Ölfaß", "01"]

FEATURES: dict[str, st.SearchStrategy[Any]] = {
    "number": st.floats(-1e6, 1e6) | st.none(),
    "whole": st.integers(-1000, 1000) | st.none(),
    "huge": st.sampled_from([2**40, 2**53 + 1, 10**25, -3]),
    "infinite": st.sampled_from([math.inf, -math.inf, 1.5, 2.5]),
    "flag": st.booleans() | st.none(),
    "day": st.dates() | st.none(),
    "category": st.sampled_from(WORDS) | st.none(),
    "constant": st.just(7.5),
    "empty": st.none(),
}
FAULTS: dict[str, st.SearchStrategy[Any]] = {
    "mixed": st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 9, "ten"]),
    "prose": st.text("abc def", min_size=5, max_size=30),
}
CLASSES = {"binary": ["yes", "no"], "multiclass": ["Bern", "Oslo", "rare, but there"]}
TARGETS = {
    "binary": st.sampled_from(CLASSES["binary"]),
    "multiclass": st.sampled_from(CLASSES["multiclass"][:2]) | st.none(),
    "regression": st.floats(-1e4, 1e4) | st.none(),
}
CHOICES = {
    "preprocessing": ["standardize", "robust", "quantile_normal", "none"],
    "encoding": ["auto", "one_hot", "embedding"],
}


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, dict[str, list[Any]], list[str]]:
    """A task, a table for it, and options."""
    count = draw(st.integers(20, 60))
    kinds = draw(st.lists(st.sampled_from(list(FEATURES)), min_size=1, unique=True))
    task = draw(st.sampled_from(list(TARGETS)))
    fault = (
        draw(st.sampled_from(["none", *FAULTS])) if draw(st.integers(0, 3)) == 3 else ""
    )
    chosen = {kind: FEATURES[kind] for kind in kinds} | {
        kind: values for kind, values in FAULTS.items() if kind == fault
    }
    values = {k: st.lists(v, min_size=count, max_size=count) for k, v in chosen.items()}
    sure = CLASSES.get(task, []) * 5  # so that a split has some of each
    target = st.lists(
        TARGETS[task], min_size=count - len(sure), max_size=count - len(sure)
    )
    columns = {kind: draw(column) for kind, column in values.items()}
    options = [f"{g}={draw(st.sampled_from(names))}" for g, names in CHOICES.items()]
    rows = {"id": list(range(count)), **columns, "y": sure + draw(target)}
    return task, rows, options


def write_csv(path: Path, columns: dict[str, list[Any]]) -> None:
    """As a spreadsheet would: every value as it is spoken, nothing for None."""
    text = {
        name: [None if value is None else str(value) for value in values]
        for name, values in columns.items()
    }
    pl.DataFrame(text, schema=dict.fromkeys(text, pl.String)).write_csv(path)


def check(task: str, columns: dict[str, list[Any]], options: list[str]) -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        only_logged(True),
        initialize_config_dir(str(CONF), version_base="1.3"),
    ):
        folder = Path(name)
        write_csv(folder / "t.csv", columns)
        table = [f"data.path={folder}/t.csv", "data.target=y", "data.drop=[id]"]
        quick = ["trainer=cpu", "trainer.max_epochs=1", "model.hidden_sizes=[4]"]
        quick += ["callbacks=minimal", "logger=none", f"folder={folder}/run"]
        overrides = ["data=table", f"task={task}", *table, *quick, *options]
        refused = False
        try:
            train(compose("train", overrides))
        except UserError as error:
            refused = True
            event(str(error)[len(name) : 160])
        assert refused != (folder / "run" / "checkpoints").exists()
        if refused:
            event("refused")
            return
        event("trained")
        predictions = folder / "from_run.parquet", folder / "from_onnx.parquet"
        export(folder / "run", format="onnx", output=f"{folder}/model.onnx")
        for source, output in zip(("run", "model.onnx"), predictions, strict=True):
            with open_predictor(folder / source) as model:
                predict_file(model, f"{folder}/t.csv", str(output))
        from_run, from_onnx = map(pl.read_parquet, predictions)
        assert from_run["id"].to_list() == [str(i) for i in columns["id"]]
        assert from_run.columns == from_onnx.columns
        for column in from_run.select(pl.col("^(predicted|probability)_.*$")):
            if column.dtype == pl.String:
                continue  # of two classes as likely, rounding decides
            found, expected = from_onnx[column.name].to_torch(), column.to_torch()
            assert expected.isfinite().all()
            scale = max(1.0, float(expected.abs().max()))
            torch.testing.assert_close(found, expected, atol=1e-5 * scale, rtol=1e-4)


@settings(max_examples=5, deadline=None, derandomize=True, database=None)
@given(case=cases())
def test_train_predict_and_export_agree(case: Any) -> None:
    check(*case)


@pytest.mark.slow
@settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(case=cases())
def test_train_predict_and_export_agree_on_many_tables(case: Any) -> None:
    check(*case)
