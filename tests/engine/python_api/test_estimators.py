"""Estimators: what scikit-learn asks of them, and the same bits as a run has."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import ROOT
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris, load_wine
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import litmlp
from litmlp import MLPClassifier, MLPRegressor
from litmlp.errors import UserError

PEOPLE = ROOT / "tests" / "people.csv"

FAILED = {
    "check_sample_weight_equivalence_on_dense_data": (
        "rows are drawn into batches and a validation split, where a row that weighs 2 "
        "is not twice"
    ),
    "check_regressor_multioutput": (
        "asks for float64: predictions have the network's own type, float32"
    ),
}
"""Checks of scikit-learn that fail, each with its reason."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def people() -> pl.DataFrame:
    return pl.read_csv(PEOPLE, try_parse_dates=True).drop("id")


@pytest.mark.filterwarnings("ignore")  # the checks provoke warnings on purpose
@pytest.mark.slow
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_estimators_pass_the_checks_of_scikit_learn(kind: Any) -> None:
    quick = kind(hidden_sizes=(16,), lr=0.02, max_epochs=20)
    check_estimator(quick, expected_failed_checks=FAILED, on_skip=None)


@pytest.mark.parametrize(
    ("kind", "target"), [(MLPClassifier, "city"), (MLPRegressor, "income")]
)
def test_a_fit_has_the_bits_of_a_run_on_a_file_of_the_table(
    kind: Any, target: str
) -> None:
    table = people().drop_nulls(target)
    given, y = table.drop(target), table[target]
    shared = "optimizer.lr=0.01 model.activation=[gelu,tanh] trainer.max_epochs=3"
    file = f"data=table data.path={PEOPLE} data.target={target} data.drop=[id]"
    own = f"{file} data.test_share=0 logger=none {shared}"
    run = litmlp.train(own.split())
    expected = litmlp.load(run.folder).predict(given)

    options: Any = {"lr": 0.01, "activation": ["gelu", "tanh"], "max_epochs": 3}
    in_memory = kind(**options).fit(given, y)
    with_folder = kind(**options, logs="mine").fit(given, y)
    (folder,) = Path("mine/runs").iterdir()
    assert list(folder.glob("events.out.tfevents.*"))
    copy = pickle.loads(pickle.dumps(in_memory))
    for model in (in_memory, with_folder, litmlp.load(folder), copy):
        assert (model.predict(given) == expected).all()
    if kind is MLPClassifier:
        probabilities = litmlp.load(run.folder).predict_proba(given)
        assert (probabilities == in_memory.predict_proba(given)).all()


def test_a_default_fit_writes_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    MLPClassifier(max_epochs=2).fit(*load_iris(return_X_y=True))
    assert capfd.readouterr() == ("", "")
    assert not list(Path().iterdir())


def test_the_tools_of_scikit_learn_take_the_estimators() -> None:
    features, labels = load_wine(return_X_y=True)
    quick = MLPClassifier(lr=0.03, max_epochs=5)
    assert cross_val_score(quick, features, labels, cv=2).min() > 0.8
    grid = {
        "mlpclassifier__hidden_sizes": [(), (8, 8)],
        "mlpclassifier__lr": [1e-5, 0.03],
    }
    search = GridSearchCV(make_pipeline(StandardScaler(), quick), grid, cv=2)
    assert search.fit(features, labels).best_params_["mlpclassifier__lr"] == 0.03
    calibrated = CalibratedClassifierCV(quick, cv=2).fit(features, labels)
    assert calibrated.score(features, labels) > 0.8


def test_a_weight_of_0_leaves_a_row_out() -> None:
    features, labels = load_iris(return_X_y=True)
    two = MLPClassifier(max_epochs=1).fit(features, labels, labels != 1)
    assert two.classes_.tolist() == [0, 2]
    assert two.predict_proba(features).shape == (150, 2)


MISTAKES = [
    ({"activation": "rellu"}, "activation=rellu: no such option. Did you mean relu?"),
    ({"lr": "fast"}, "optimizer.lr=fast: expected float"),
    (
        {"overrides": ["optimizer.lrr=1"]},
        "optimizer.lrr: no such key. Did you mean lr?",
    ),
]


@pytest.mark.parametrize(("options", "message"), MISTAKES)
@pytest.mark.parametrize("logs", [None, "mine"])
def test_a_mistake_is_one_error_of_one_line(
    options: Any, message: str, logs: Any
) -> None:
    with pytest.raises(UserError) as raised:
        MLPClassifier(**options, logs=logs).fit(*load_iris(return_X_y=True))
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_missing_labels_and_a_single_class_are_refused() -> None:
    table = people()
    with pytest.raises(UserError, match="y has missing values in 13 rows"):
        MLPClassifier().fit(table.drop("city"), table["city"])
    with pytest.raises(UserError, match="y has one class, Rome"):
        MLPClassifier().fit(table.drop("city"), ["Rome"] * table.height)


@pytest.mark.parametrize("weights", [[1.0], [-1.0] * 150, [0.0] * 150, [np.nan] * 150])
def test_impossible_weights_are_refused(weights: Any) -> None:
    with pytest.raises(UserError, match="sample_weight"):
        MLPClassifier().fit(*load_iris(return_X_y=True), weights)
