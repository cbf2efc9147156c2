"""Intervals of a regressor, in every way to predict with it."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import Compose
from people_runs import PEOPLE, train_on_people

import litmlp
from litmlp.engine.config.build import build_data
from litmlp.engine.predict import evaluate_file
from litmlp.engine.predict.evaluate_file import evaluate_file as evaluate
from litmlp.engine.predict.predict_file import predict_file
from litmlp.engine.predict.trained_model import trained
from litmlp.engine.run.prepare import build_run
from litmlp.errors import UserError

COLUMNS = ["predicted_income", "predicted_income_0.05", "predicted_income_0.95"]


def predicted(run: Path, output: Path) -> pl.DataFrame:
    with trained(run) as model:
        predict_file(model, str(PEOPLE), str(output))
    return pl.read_csv(output)


def test_a_table_of_predictions_has_a_column_per_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate_file, "draw", lambda *unused: None)
    choices = ["loss=pinball", "metrics=mape", "monitor=mape/val"]
    several = ["ensemble=seeds", "ensemble.size=2"]
    run = train_on_people(tmp_path / "run", "income", *choices, *several)
    table = predicted(run, tmp_path / "out.csv")
    assert table.columns == ["id", *COLUMNS]
    middle, low, high = table.select(COLUMNS).to_numpy().T
    assert (low < middle).all()
    assert (middle < high).all()
    with trained(run) as model:
        evaluate(model, str(PEOPLE))
    evaluated = pl.read_csv(run / "evaluations" / "people" / "predictions.csv")
    assert evaluated.columns[-3:] == COLUMNS
    of_python = litmlp.load(run).predict(pl.read_csv(PEOPLE, try_parse_dates=True))
    np.testing.assert_allclose(of_python, middle, rtol=1e-5)


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
