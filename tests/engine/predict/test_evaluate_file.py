"""A labelled file is measured as a run's test rows are, with tables and pictures."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from conftest import Run
from matplotlib.image import imread
from people_runs import PEOPLE, people, read_json, train_on_people

from litmlp.engine.config.build import build_data
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.folder.run_folder import read_config, read_summary
from litmlp.engine.predict import evaluate_file

FILES = ["metrics.json", "predictions.csv"]
OF_CLASSES = [
    *("per_class.csv", "confusion_matrix.csv", "confusion_matrix.png"),
    *("calibration.csv", "calibration.png", "roc.png", "precision_recall.png"),
]
OF_VALUES = ["per_target.csv", "predicted_vs_true.png", "residuals.png"]


CHOICES = {
    "income": ["preprocessing=none", "batchnorm=before_activation"],
    "city": ["preprocessing=quantile_normal", "encoding=embedding"],
    "member": ["preprocessing=robust", "trainer.precision=64-true"],
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short run for each kind of target."""
    folder = tmp_path_factory.mktemp("runs")
    for target, choices in CHOICES.items():
        train_on_people(folder / target, target, *choices)
    return folder


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than all the rest."""
    monkeypatch.setattr(evaluate_file, "draw", lambda *unused: None)


def rows_tested(run: Path, table: Path, target: str) -> pl.DataFrame:
    """The rows that a run was tested on, as they stand in the file."""
    config = read_config(run)
    config.data.path = str(table)
    rows = pl.read_csv(table, infer_schema=False).drop_nulls(target)
    with run_settings(config):
        return rows[build_data(config).rows["test"].tolist()]


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize(
    ("target", "suffix"), [("income", "parquet"), ("city", "csv"), ("member", "csv")]
)
def test_the_test_rows_have_the_metrics_of_the_summary(
    target: str, suffix: str, runs: Path, run: Run, tmp_path: Path
) -> None:
    rows = rows_tested(runs / target, PEOPLE, target)
    rows = rows.select(reversed(rows.columns))
    if suffix == "csv":
        rows.write_csv(tmp_path / "tested.csv")
    else:
        text = rows.write_csv().encode()
        pl.read_csv(text, try_parse_dates=True).write_parquet(
            tmp_path / "tested.parquet"
        )
    ended = run("evaluate", f"run={runs / target}", f"input=tested.{suffix}")
    assert (ended.code, ended.err) == (0, "")
    measured = read_json(runs / target / "evaluations" / "tested" / "metrics.json")
    recorded = read_summary(runs / target)["metrics"]
    assert measured.pop("rows") == len(rows)
    assert {f"{name}/test": value for name, value in measured.items()} == {
        tag: value for tag, value in recorded.items() if tag.endswith("/test")
    }


@pytest.mark.usefixtures("without_pictures")
def test_so_have_more_rows_than_a_batch_holds(run: Run, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(25_000, 3))
    y = np.sin(x[:, 0]) + x[:, 1] * x[:, 2]
    table = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": y})
    table.write_csv(tmp_path / "t.csv")
    quick = ("data.batch_size=full", "trainer.max_epochs=2", "trainer=cpu")
    run("train", "data=table", "data.path=t.csv", "data.target=y", *quick)
    (folder,) = tmp_path.glob("logs/default/runs/*")
    rows = rows_tested(folder, tmp_path / "t.csv", "y")
    rows.write_csv(tmp_path / "tested.csv")
    run("evaluate", f"run={folder}", "input=tested.csv")
    measured = read_json(folder / "evaluations" / "tested" / "metrics.json")
    recorded = read_summary(folder)["metrics"]
    assert measured["rows"] == 5000
    for name in ("loss", "r2", "mae", "rmse"):
        assert measured[name] == recorded[f"{name}/test"]


@pytest.mark.parametrize("target", ["income", "city"])
def test_an_evaluation_leaves_scores_pictures_and_predictions(
    target: str, runs: Path, run: Run
) -> None:
    ended = run("evaluate", f"run={runs / target}", f"input={PEOPLE}")
    assert ended.code == 0
    folder = runs / target / "evaluations" / "people"
    specific = OF_VALUES if target == "income" else OF_CLASSES
    assert {path.name for path in folder.iterdir()} == {*FILES, *specific}
    for picture in folder.glob("*.png"):
        assert len(np.unique(imread(picture)[..., 0])) > 10
    run("predict", f"run={runs / target}", f"input={PEOPLE}", "output=out.csv")
    known = people()[target].is_not_null()
    predicted = pl.read_csv("out.csv").filter(known)
    rows = pl.read_csv(folder / "predictions.csv")
    assert rows.columns == ["id", target, *predicted.columns[1:]]
    assert rows.drop(target).equals(predicted)
    truth = pl.read_csv(PEOPLE)[target].drop_nulls()
    given, guess = rows[target], rows[f"predicted_{target}"]
    assert given.to_list() == truth.cast(given.dtype).to_list()
    metrics = read_json(folder / "metrics.json")
    if target == "income":
        (scores,) = pl.read_csv(folder / "per_target.csv").iter_rows(named=True)
        mae = (given - guess).abs().mean()
        assert scores["mae"] == pytest.approx(mae) == pytest.approx(metrics["mae"])
    else:
        assert metrics["accuracy"] == pytest.approx((given == guess).mean())
        counts = pl.read_csv(folder / "confusion_matrix.csv").drop("true").to_numpy()
        assert counts.trace() == (given == guess).sum()
    if known.all():
        assert "left out" not in ended.out
    else:
        assert f"{(~known).sum()} rows without a target are left out" in ended.out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"drop": ["member"]}, "new.csv has no column member. There are: id, age"),
        (
            {"member": "perhaps"},
            "target member, line 2: 'perhaps' is none of the model",
        ),
        ({"member": ""}, "new.csv: target member has no values"),
        (None, "new.csv: no such file"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(
    change: dict[str, Any] | None, words: str, runs: Path, run: Run, tmp_path: Path
) -> None:
    if change is not None:
        table = people().drop(change.get("drop", []))
        values = {name: pl.lit(text) for name, text in change.items() if name != "drop"}
        table.with_columns(**values).write_csv(tmp_path / "new.csv")
    ended = run("evaluate", f"run={runs / 'member'}", "input=new.csv")
    assert ended.code == 1
    assert words in ended.err
    assert ended.err.count("\n") == 1
    assert not list(runs.glob("member/evaluations/new*"))


def test_a_model_that_has_diverged_is_said(
    runs: Path, run: Run, tmp_path: Path
) -> None:
    left_out = shutil.ignore_patterns("evaluations")
    folder = shutil.copytree(runs / "income", tmp_path / "diverged", ignore=left_out)
    path = folder / "checkpoints" / "best.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    for name, weights in checkpoint["state_dict"].items():
        if name.startswith("network.") and name.endswith(".weight"):
            weights.fill_(torch.nan)
    torch.save(checkpoint, path)
    ended = run("evaluate", f"run={folder}", f"input={PEOPLE}")
    assert ended.code == 1
    assert "predictions are not finite" in ended.err
    assert not (folder / "evaluations").exists()


@pytest.mark.usefixtures("without_pictures")
def test_a_second_evaluation_replaces_the_first_as_a_whole(
    runs: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*unused: object) -> None:
        raise OSError("no space left")

    folder = runs / "member" / "evaluations" / "again"
    again = ("evaluate", f"run={runs / 'member'}", "input=again.csv")
    people().head(50).write_csv(tmp_path / "again.csv")
    run(*again)
    (folder / "old.txt").write_text("of the first")
    people().head(1).write_csv(tmp_path / "again.csv")
    with monkeypatch.context() as patch:
        patch.setattr(evaluate_file, "draw", full_disk)
        assert run(*again).err == "error: no space left\n"
    assert (folder / "old.txt").exists()
    assert read_json(folder / "metrics.json")["rows"] == 50
    run(*again)
    assert not (folder / "old.txt").exists()
    assert read_json(folder / "metrics.json")["rows"] == 1
    assert not list(folder.parent.glob("again.*"))
