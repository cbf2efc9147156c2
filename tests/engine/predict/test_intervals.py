"""Intervals of a regressor, in every way to predict with it."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import Compose
from people_runs import PEOPLE, train_on_people

import litmlp
from litmlp.engine.config.build import build_data
from litmlp.engine.predict import evaluate_file
from litmlp.engine.predict.averaged_runs import ensemble
from litmlp.engine.predict.evaluate_file import evaluate_file as evaluate
from litmlp.engine.predict.export import export
from litmlp.engine.predict.predict_file import open_predictor, predict_file
from litmlp.engine.predict.trained_model import trained
from litmlp.engine.run.prepare import build_run
from litmlp.errors import UserError

COLUMNS = ["predicted_income", "predicted_income_0.05", "predicted_income_0.95"]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs on incomes: with five networks each, and a monitored extra metric."""
    folder = tmp_path_factory.mktemp("sweep")
    for seed in (0, 1):
        own = [f"seed={seed}", f"data.path={PEOPLE}", "loss=pinball", "metrics=mape"]
        several = ["ensemble=seeds", "ensemble.size=2", "monitor=mape/val"]
        train_on_people(folder / str(seed), "income", *own, *several)
    return folder


def predicted(run: Path, output: Path) -> pl.DataFrame:
    with open_predictor(run) as predictor:
        predict_file(predictor, str(PEOPLE), str(output))
    return pl.read_csv(output)


def test_a_table_of_predictions_has_a_column_per_bound(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate_file, "draw", lambda *unused: None)
    run = Path(shutil.copytree(sweep / "0", tmp_path / "run"))
    table = predicted(run, tmp_path / "out.csv")
    assert table.columns == ["id", *COLUMNS]
    middle, low, high = table.select(COLUMNS).to_numpy().T
    assert (low < middle).all()
    assert (middle < high).all()
    export(run, format="onnx")
    by_onnx = predicted(run / "exports" / "model.onnx", tmp_path / "onnx.csv")
    assert by_onnx.columns == table.columns
    np.testing.assert_allclose(by_onnx.select(COLUMNS), table.select(COLUMNS), 1e-4)
    with trained(run) as model:
        evaluate(model, str(PEOPLE))
    evaluated = pl.read_csv(run / "evaluations" / "people" / "predictions.csv")
    assert evaluated.columns[-3:] == COLUMNS
    of_python = litmlp.load(run).predict(pl.read_csv(PEOPLE, try_parse_dates=True))
    np.testing.assert_allclose(of_python, middle, rtol=1e-5)


def test_a_mean_of_runs_predicts_the_middle_alone(sweep: Path, tmp_path: Path) -> None:
    each = [predicted(sweep / name, tmp_path / "one.csv") for name in ("0", "1")]
    mean = predicted(sweep, tmp_path / "mean.csv")
    assert mean.columns == ["id", "predicted_income"]
    middles = [table["predicted_income"] for table in each]
    np.testing.assert_allclose(
        mean["predicted_income"], (middles[0] + middles[1]) / 2, rtol=1e-4
    )
    with ensemble(sweep) as together:
        assert "loss" not in together.model.metric_names


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("data=gauss_regression loss=poisson", "counts of 0 or more, and a target"),
        ("data=iris loss=pinball", "Pinball does not fit a multiclass task"),
    ],
)
def test_a_loss_of_distributions_needs_its_kind_of_targets(
    overrides: str, message: str, config: Compose, tmp_path: Path
) -> None:
    quick = ("trainer=cpu", "logger=none", "callbacks=minimal")
    composed = config(*overrides.split(), *quick)
    with pytest.raises(UserError, match=message):
        build_run(composed, tmp_path, build_data(composed))
