"""A row's weight in the loss, by a column of the table."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from interrupted import broken_off, differences, run

from litmlp.data.frame import FrameData
from litmlp.data.table import TableData
from litmlp.engine.folder.run_folder import read_summary
from litmlp.engine.predict.evaluate_run import evaluate_run
from litmlp.engine.python_api.load import load
from litmlp.errors import UserError

WEIGHTS = [5.0, 0.0, *(float(i % 4 + 1) for i in range(58))]
TABLE = pl.DataFrame({"x": range(60), "y": [None, *range(59)], "w": WEIGHTS})


def data(table: pl.DataFrame = TABLE) -> FrameData:
    return FrameData(frame=table, target="y", weight="w", order_seed=None)


def test_weights_follow_their_rows_and_have_the_mean_1_in_each_split() -> None:
    found = data()
    samples = found.samples
    assert samples.numbers is not None
    assert samples.numbers.tolist() == list(range(2, 60))  # no target, no weight
    assert [column.name for column in samples.columns] == ["x"]
    assert samples.weights is not None
    assert samples.weights.tolist() == WEIGHTS[2:]
    for split, loader in found.test_dataloader().items():
        weights = torch.cat([batch[2] for batch in loader])
        raw = samples.weights[found.rows[split]].to(weights)
        torch.testing.assert_close(weights, raw / raw.mean())
    assert data(TABLE.with_columns(w=3)).samples.weights is None
    others = data(TABLE.with_columns(pl.col("w") + 1))
    assert others.samples.digest != samples.digest


def test_a_file_without_the_column_weighs_its_rows_alike(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("train.csv", "test.csv")]
    TABLE.write_csv(paths[0])
    TABLE.drop("w").write_csv(paths[1])
    read = TableData(path=paths[0], test_path=paths[1], target="y", weight="w")
    assert read.samples.weights is not None
    assert read.samples.weights[read.rows["test"]].unique().tolist() == [1]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([*WEIGHTS[:59], -1.0], r"the table: column w, row 60: -1\.0, each row needs"),
        ([*WEIGHTS[:59], float("inf")], "inf, each row needs a weight of 0 or more"),
        ([*WEIGHTS[:59], None], "row 60: no value, each row needs a weight of 0 or"),
        ([*map(str, WEIGHTS[:59]), "heavy"], "column w, row 60: 'heavy' among numb"),
        ([0.0] * 60, "column w: all weights are zero"),
        (["a", "b"] * 30, "w is String, and data.weight needs nu"),
    ],
)
def test_impossible_weights_are_refused(weights: list[Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        _ = data(TABLE.with_columns(w=pl.Series(weights))).samples


@pytest.mark.parametrize("ensemble", ["none", "folds"])
def test_a_weighted_run_learns_the_weighted_frequency_and_resumes(
    ensemble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # without a project of its own
    # Targets differ for equal features, and rows are heavier where y is 1.
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    table = pl.DataFrame({"x": rng.integers(0, 2, 200), "y": y, "w": 1 + 3.0 * y})
    table.write_csv("t.csv")
    command = ["data=table", f"data.path={tmp_path}/t.csv", "data.target=y"]
    command += ["data.weight=w", "task=multiclass", "data.test_share=0.2"]
    command += ["model.hidden_sizes=[4]", "preprocessing=standardize", "embedding=none"]
    command += ["trainer=cpu", "trainer.max_epochs=3", "optimizer.lr=0.05"]
    command += ["callbacks.checkpoint.every_iterations=2"]
    if ensemble == "folds":
        command += ["ensemble=folds", "ensemble.size=2"]
    run(tmp_path / "whole", *command)
    share = load(tmp_path / "whole").predict_proba(pl.DataFrame({"x": [0, 1]}))[:, 1]
    assert np.allclose(share, 0.8, atol=0.06)  # 4 of 5 by weight, half of the rows
    broken_off(monkeypatch, tmp_path / "broken", *command)
    run(tmp_path / "broken", *command)
    assert differences(tmp_path / "whole", tmp_path / "broken") == []
    recorded = read_summary(tmp_path / "whole")["metrics"]
    assert recorded["accuracy/test"] < 0.7  # of rows, not of weights
    assert evaluate_run(tmp_path / "whole") == recorded
