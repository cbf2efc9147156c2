"""A sweep's runs averaged: the mean of their predictions, worked out by hand."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from conftest import Run
from people_runs import PEOPLE, TASKS, read_json, train_on_people
from sklearn.metrics import r2_score

from litmlp.engine.config.build import build_data
from litmlp.engine.folder.run_folder import read_config
from litmlp.engine.predict import evaluate_file
from litmlp.engine.predict.averaged_runs import outputs_of_mean
from litmlp.engine.predict.trained_model import trained

RUNS = (["seed=0"], ["seed=1", "model.hidden_sizes=[8]"], ["optimizer=sgd"])


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_file, "draw", lambda *unused: None)


def train_runs(sweep: Path, target: str, *choices: list[str]) -> None:
    for number, own in enumerate(choices, len(list(sweep.glob("*")))):
        train_on_people(sweep / str(number), target, f"data.path={PEOPLE}", *own)


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sweep of three runs for each kind of target."""
    folder = tmp_path_factory.mktemp("sweeps")
    for target in TASKS:
        train_runs(folder / target, target, *RUNS)
    return folder


def predicted(path: Path) -> np.ndarray:
    """Probabilities or values of a table of predictions."""
    table = pl.read_csv(path)
    names = [n for n in table.columns if n.startswith("probability_")]
    return table[names or [table.columns[-1]]].to_numpy()


def log_loss(true: Sequence[int] | np.ndarray, probabilities: np.ndarray) -> float:
    """Of probabilities [N, classes] against class indices [N]."""
    chosen = np.take_along_axis(probabilities, np.array(true)[:, None], axis=1)
    return float(-np.log(chosen).mean())


@pytest.mark.parametrize("target", TASKS)
def test_a_sweep_predicts_the_mean_of_its_runs(
    target: str, sweeps: Path, run: Run, tmp_path: Path
) -> None:
    each = []
    for folder in sorted((sweeps / target).iterdir()):
        run("predict", f"run={folder}", f"input={PEOPLE}", "output=one.csv")
        each.append(predicted(tmp_path / "one.csv"))
    assert np.ptp(each, axis=0).max() > 0.01
    ended = run(
        "predict", f"run={sweeps / target}", f"input={PEOPLE}", "output=all.csv"
    )
    assert (ended.code, ended.err) == (0, "")
    found = predicted(tmp_path / "all.csv")
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=1e-5, atol=1e-6)
    run("evaluate", f"run={sweeps / target}", f"input={PEOPLE}")
    folder = sweeps / target / "evaluations" / "people"
    metrics, rows = read_json(folder / "metrics.json"), pl.read_csv(PEOPLE)
    known = rows[target].is_not_null()
    assert metrics["rows"] == known.sum()
    if target == "income":
        score = r2_score(rows[target].filter(known), found[known])
        assert metrics["r2"] == pytest.approx(score, abs=1e-5)
    else:
        said = pl.read_csv(folder / "predictions.csv")[f"predicted_{target}"]
        right = said.cast(pl.String) == rows[target].filter(known).cast(pl.String)
        assert metrics["accuracy"] == pytest.approx(right.mean())


@pytest.mark.parametrize("target", ["income", "city"])
def test_a_sweep_is_measured_on_the_rows_of_its_runs(
    target: str, sweeps: Path, run: Run
) -> None:
    ended = run("evaluate", f"run={sweeps / target}")
    assert (ended.code, ended.err) == (0, "")
    assert "the mean of 3 runs" in ended.out
    content = read_json(sweeps / target / "ensemble.json")
    assert content["runs"] == ["0", "1", "2"]
    data = build_data(read_config(sweeps / target / "0"))
    rows, samples = data.rows["test"], data.samples
    each = []
    for name in content["runs"]:
        with trained(sweeps / target / name) as model:
            each.append(model.predict(samples.inputs[rows]).double().numpy())
    mean, true = np.mean(each, axis=0), samples.targets[rows].numpy()
    metrics = content["metrics"]
    if target == "income":
        assert metrics["r2/test"] == pytest.approx(r2_score(true, mean), abs=1e-5)
    else:
        hits = (mean.argmax(axis=1) == true).mean()
        assert metrics["accuracy/test"] == pytest.approx(hits)
        loss = log_loss(true, mean)
        assert metrics["loss/test"] == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("target", TASKS)
def test_the_mean_of_equals_is_one_of_them_however_sure(
    target: str, sweeps: Path
) -> None:
    with trained(sweeps / target / "0") as model:
        inputs = torch.zeros(20, len(model.columns))
        inputs[:, 0] = torch.linspace(-1e5, 1e5, 20)
        outputs = model.outputs(inputs)
        if target == "city":
            outputs = outputs.log_softmax(dim=1)
        found = outputs_of_mean([model, model], inputs)
        torch.testing.assert_close(found, outputs, rtol=1e-4, atol=1e-4)


def test_rows_that_some_run_was_trained_on_are_no_test(
    sweeps: Path, run: Run, tmp_path: Path
) -> None:
    sweep = Path(shutil.copytree(sweeps / "income", tmp_path / "sweep"))
    train_runs(sweep, "income", ["data.split_seed=1"])
    ended = run("evaluate", f"run={sweep}")
    assert ended.code == 1
    assert "trained on different rows" in ended.err
    assert "give input=" in ended.err
    assert run("evaluate", f"run={sweep}", f"input={PEOPLE}").code == 0
    metrics = read_json(sweep / "evaluations" / "people" / "metrics.json")
    assert set(metrics) == {"rows", "r2", "mae", "rmse"}  # losses are of other units


@pytest.mark.parametrize(
    ("other", "choices", "words"),
    [
        ("income", "data.target=member task=binary", "task: "),
        ("income", "data.target=age", "targets: "),
        ("income", "data.drop=[id,age]", "columns: "),
        ("member", "activation@task.output_activation=tanh loss=mse", "output act"),
    ],
)
def test_runs_that_say_other_things_are_not_averaged(
    other: str, choices: str, words: str, sweeps: Path, run: Run, tmp_path: Path
) -> None:
    sweep = Path(shutil.copytree(sweeps / other, tmp_path / "sweep"))
    train_runs(sweep, other, choices.split())
    ended = run("predict", f"run={sweep}", "output=out.csv", f"input={PEOPLE}")
    assert ended.code == 1
    assert f"cannot be averaged, they differ in their {words}" in ended.err
    assert ended.err.count("\n") == 1


def test_runs_without_a_result_are_left_out(
    sweeps: Path, run: Run, tmp_path: Path
) -> None:
    sweep = Path(shutil.copytree(sweeps / "city", tmp_path / "sweep"))
    for name, change in (
        {"0": {"status": "failed"}, "1": {"best_value": None}}
    ).items():
        path = sweep / name / "summary.json"
        path.write_text(json.dumps(read_json(path) | change))
    assert "this sweep has 1" in run("evaluate", f"run={sweep}").err
    train_runs(sweep, "city", ["seed=5"])
    ended = run("evaluate", f"run={sweep}")
    assert (ended.code, ended.err) == (0, "")
    assert "2 of 4 runs have no result and are left out\n" in ended.out
    averaged = read_json(sweep / "ensemble.json")["runs"]
    assert (len(averaged), averaged[0]) == (2, "2")
