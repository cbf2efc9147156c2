"""The benchmark on tables: it trains, it goes on, and its comparison is right."""

import re
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest
from conftest import ROOT
from sklearn.metrics import log_loss, root_mean_squared_error


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return pytest.importorskip("benchmark_tables")


def write_tables(folder: Path) -> None:
    """Write two tables: of classes, and of numbers."""
    random = np.random.default_rng(0)
    for part, rows in (("train", 60), ("test", 20)):
        x = random.normal(size=rows)
        numbers = np.round(2 * x + 5).astype(int)
        targets = {"classes": np.where(x > 0, "no", "yes"), "numbers": numbers}
        for name, target in targets.items():
            table = pl.DataFrame({"x": x, "target": target})
            table.write_csv(folder / f"{name}_{part}.csv")


@pytest.mark.slow
def test_each_model_is_scored_once(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tables(tmp_path)
    command = [str(tmp_path), "--regression=numbers", "--seeds=1"]
    command += ["--models=default,sklearn", f"--output={tmp_path / 'out'}"]
    script.main(command)
    first = capsys.readouterr().out
    results = pl.read_csv(tmp_path / "out" / "results.csv")
    assert results["task"].to_list() == ["binary"] * 2 + ["regression"] * 2
    assert (tmp_path / "out" / "benchmark_tables.png").stat().st_size > 10_000
    script.main(command)
    again = capsys.readouterr().out
    trained = r"(default|sklearn), seed 0: [\d.]+ in"
    assert (len(re.findall(trained, first)), len(re.findall(trained, again))) == (4, 0)
    assert pl.read_csv(tmp_path / "out" / "results.csv").equals(results)


def test_scores_are_those_of_scikit_learn(script: ModuleType) -> None:
    models = pytest.importorskip("benchmark_models")
    found, truth = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]]), np.array([0, 1, 1])
    classes = models.Problem(pl.DataFrame(), pl.DataFrame(), truth, truth, 2)
    accuracy, loss, rows = models.score(classes, found)
    assert (accuracy, rows) == (pytest.approx(2 / 3), 3)
    assert loss == pytest.approx(log_loss(truth, found))
    numbers = classes._replace(classes=0)
    rmse = root_mean_squared_error(truth, found[:, 0])
    assert models.score(numbers, found[:, 0])[:2] == (pytest.approx(rmse), None)


def test_ranks_relative_errors_and_wins_follow_the_mean_over_seeds(
    script: ModuleType,
) -> None:
    standings = pytest.importorskip("benchmark_standings")
    scores = {
        "a": ("binary", {"default": (0.9, 0.8), "lightgbm": (0.9, 0.9)}),
        "b": ("binary", {"default": (1.0, 1.0), "lightgbm": (0.96, 0.96)}),
        "c": ("regression", {"default": (3.0, 5.0), "lightgbm": (4.0, 4.0)}),
    }
    rows = [
        {"table": table, "task": task, "model": model, "score": score}
        | {"log_loss": None, "seconds": 1.0, "rows": 50}
        for table, (task, models) in scores.items()
        for model, both in models.items()
        for score in both
    ]
    results = standings.compare(pl.DataFrame(rows))
    ours = results.filter(model="default")
    assert ours["rank"].to_list() == [2, 1, 1.5]
    assert ours["relative"].to_list() == pytest.approx([1.5, 0.25, 1])
    # Student's t for one degree of freedom, 12.706, times the standard error.
    assert ours["margin"].to_list() == pytest.approx([0.6353, 0, 12.706], rel=1e-4)
    assert standings.wins(results, "default", "lightgbm") == "1–1–1"
    assert standings.wins(results, "lightgbm", "default") == "1–1–1"
