"""Baselines are simple models of scikit-learn, measured as a run is measured."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from conftest import Compose
from sklearn import dummy, linear_model, metrics
from sklearn.preprocessing import OneHotEncoder

from litmlp.data.config_rows import RowsData
from litmlp.data.data_module import Data
from litmlp.data.table import TableData
from litmlp.engine.config.build import build_data, build_model
from litmlp.engine.config.complete_config import complete
from litmlp.engine.report.make_report import report_runs
from litmlp.engine.run import baselines as module
from litmlp.engine.run.baselines import baselines, predictions
from litmlp.engine.run.train import train
from litmlp.supervised import Supervised

SCORES = {"accuracy": metrics.accuracy_score, "r2": metrics.r2_score}


def built(config: Compose, *overrides: str) -> tuple[Supervised, Data]:
    composed = complete(config(*overrides))
    data = build_data(composed)
    return build_model(composed, data), data


def arrays(data: Data, split: str) -> tuple[np.ndarray, np.ndarray]:
    targets = data.split_targets[split].numpy()
    return data.split_features[split].numpy(), targets


@pytest.mark.parametrize(
    ("name", "metric", "models"),
    [
        (
            "wine",
            "accuracy",
            [dummy.DummyClassifier(), linear_model.LogisticRegression()],
        ),
        ("diabetes", "r2", [dummy.DummyRegressor(), linear_model.Ridge()]),
    ],
)
def test_they_are_those_of_scikit_learn(
    config: Compose, name: str, metric: str, models: list[Any]
) -> None:
    model, data = built(config, f"data={name}", "seed=3")
    states = torch.get_rng_state(), np.random.get_state()[1]
    found = baselines(model, data)
    assert list(found)[1] == "linear model"
    features, targets = arrays(data, "test")
    for key, reference in zip(found, models, strict=True):
        reference.fit(*arrays(data, "train"))
        expected = SCORES[metric](targets, reference.predict(features))
        assert found[key][f"{metric}/test"] == pytest.approx(expected, abs=1e-5)
    assert "loss/test" not in found["linear model"]
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])


def test_codes_and_weights_and_several_targets_are_taken(tmp_path: Path) -> None:
    drawn = np.random.default_rng(0)
    pet = drawn.choice(["cat", "dog", "eel"], 200)
    height, weight = drawn.normal(size=200), drawn.uniform(0.5, 2, 200)
    y = np.select([pet == "cat", pet == "dog"], [5.0, 1.0], 0.0) + height
    path = tmp_path / "pets.parquet"
    pl.DataFrame(
        {"pet": pet, "height": height, "w": weight, "y": y, "z": -y}
    ).write_parquet(path)
    data = TableData(path=str(path), target=["y", "z"], weight="w", task="regression")
    found = predictions(data)
    train, test = (data.rows[split].numpy() for split in ("train", "test"))
    one_hot = OneHotEncoder(sparse_output=False).fit_transform(pet[:, None])
    numbers = ((height - height[train].mean()) / height[train].std())[:, None]
    columns = np.hstack([numbers, one_hot])
    targets = np.stack([y, -y], axis=1)
    ridge = linear_model.Ridge().fit(columns[train], targets[train], weight[train])
    assert found["linear model"].numpy() == pytest.approx(
        ridge.predict(columns[test]), abs=1e-4
    )
    mean = np.average(targets[train], axis=0, weights=weight[train])
    assert found["mean"][0].numpy() == pytest.approx(mean, abs=1e-5)


def rows_data(classes: list[int], **shares: float) -> RowsData:
    return RowsData(
        inputs=[[float(i)] for i in range(len(classes))],
        targets=classes,
        class_names=["a", "b", "c"],
        **shares,
    )


def test_a_class_without_training_rows_is_never_predicted() -> None:
    found = predictions(rows_data([0, 1] * 20))["linear model"]
    assert (found[:, 2] == 0).all()
    assert found.sum(dim=1).numpy() == pytest.approx(1)


def test_training_rows_of_one_class_have_no_linear_model() -> None:
    assert list(predictions(rows_data([1] * 20))) == ["majority class"]


def test_without_test_rows_there_is_none(config: Compose) -> None:
    assert baselines(*built(config, "data=iris", "data.test_share=0")) == {}


def test_large_data_have_no_linear_model_and_a_run_says_so(
    config: Compose,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(module, "MOST_NUMBERS", 96 * 4 * 3 - 1)
    assert list(baselines(*built(config, "data=iris"))) == ["majority class"]
    assert "no linear model: its fit to 1,152 numbers" in capsys.readouterr().out


def test_every_table_of_a_run_has_them(
    config: Compose, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    composed = config("data=wine", "trainer=cpu", "trainer.max_epochs=1", "logger=none")
    train(composed)
    said = capsys.readouterr().out
    folder = Path(composed.folder)
    found = json.loads((folder / "summary.json").read_text())["baselines"]
    linear = found["linear model"]["accuracy/test"]
    assert f"{linear:.4f}" in said
    assert "majority class" in said
    card = (folder / "model_card.md").read_text()
    assert "| test | majority class (test) | linear model (test) |" in card
    assert f"| {found['majority class']['f1/test']:.4g} |" in card
    report_runs([str(tmp_path)])
    runs = pl.read_csv(tmp_path / "report" / "runs.csv")
    assert runs["accuracy of linear model"].to_list() == [pytest.approx(linear)]
