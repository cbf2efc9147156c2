"""A labelled file is measured as a run's test rows are, with tables and pictures."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from conftest import CONF, ROOT, Run
from hydra import compose, initialize_config_dir
from matplotlib.image import imread
from sklearn.metrics import classification_report, r2_score, roc_auc_score

from litmlp.engine.config.build import build_data
from litmlp.engine.folder.run_folder import read_config, read_summary
from litmlp.engine.predict import evaluate_file
from litmlp.engine.run.train import train

PEOPLE = ROOT / "tests" / "people.csv"
TASKS = {"income": "regression", "city": "multiclass", "member": "binary"}
FILES = ["metrics.json", "predictions.csv", "worst_predictions.png"]
OF_CLASSES = [
    *("per_class.csv", "confusion_matrix.csv", "confusion_matrix.png"),
    *("calibration.csv", "calibration.png", "roc.png", "precision_recall.png"),
]
OF_VALUES = ["per_target.csv", "predicted_vs_true.png", "residuals.png"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short run for each kind of target; the training table is gone."""
    folder = tmp_path_factory.mktemp("runs")
    table = Path(shutil.copy(PEOPLE, folder / "training.csv"))
    short = ["trainer=cpu", "trainer.max_epochs=2", "callbacks=minimal"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for target, task in TASKS.items():
            what = [f"data.path={table}", f"data.target={target}", f"task={task}"]
            where = f"folder={folder / target}"
            train(
                compose("train", ["data=table", "data.drop=[id]", where, *what, *short])
            )
    table.unlink()
    return folder


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than all the rest."""
    monkeypatch.setattr(evaluate_file, "draw", lambda *unused: None)


def people() -> pl.DataFrame:
    """The table as it stands in its file."""
    return pl.read_csv(PEOPLE, infer_schema=False)


def rows_tested(run: Path, table: Path, target: str) -> pl.DataFrame:
    """The rows that a run was tested on, as they stand in the file."""
    config = read_config(run)
    config.data.path = str(table)
    rows = pl.read_csv(table, infer_schema=False).drop_nulls(target)
    return rows[build_data(config).rows["test"].tolist()]


def written(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize("target", TASKS)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
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
    measured = written(runs / target / "evaluations" / "tested" / "metrics.json")
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
    measured = written(folder / "evaluations" / "tested" / "metrics.json")
    recorded = read_summary(folder)["metrics"]
    assert measured["rows"] == 5000
    for name in ("loss", "r2", "mae", "rmse"):
        assert measured[name] == recorded[f"{name}/test"]


@pytest.mark.parametrize("target", ["income", "city"])
def test_what_is_left(target: str, runs: Path, run: Run) -> None:
    ended = run("evaluate", f"run={runs / target}", f"input={PEOPLE}")
    assert ended.code == 0
    folder = runs / target / "evaluations" / "people"
    specific = OF_VALUES if target == "income" else OF_CLASSES
    assert {path.name for path in folder.iterdir()} == {*FILES, *specific}
    for picture in folder.glob("*.png"):
        assert len(np.unique(imread(picture)[..., 0])) > 10
    assert [path.name for path in folder.parent.iterdir()].count("people") == 1
    run("predict", f"run={runs / target}", f"input={PEOPLE}", "output=out.csv")
    known = people()[target].is_not_null()
    predicted = pl.read_csv("out.csv").filter(known)
    rows = pl.read_csv(folder / "predictions.csv")
    assert rows.columns == ["id", target, *predicted.columns[1:]]
    assert rows.drop(target).equals(predicted)
    truth = pl.read_csv(PEOPLE)[target].drop_nulls()
    given = rows[target]
    assert given.to_list() == truth.cast(given.dtype).to_list()
    if known.all():
        assert "left out" not in ended.out
    else:
        assert f"{(~known).sum()} rows without a target are left out" in ended.out


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize("target", ["city", "member"])
def test_scores_of_classes_are_those_of_scoring_by_hand(
    target: str, runs: Path, run: Run, tmp_path: Path
) -> None:
    shutil.copy(PEOPLE, tmp_path / "byhand.csv")
    run("evaluate", f"run={runs / target}", "input=byhand.csv")
    folder = runs / target / "evaluations" / "byhand"
    rows = pl.read_csv(folder / "predictions.csv", infer_schema=False)
    true, predicted = rows[target].to_numpy(), rows[f"predicted_{target}"].to_numpy()
    report = classification_report(
        true, predicted, output_dict=True, zero_division=np.nan
    )
    assert written(folder / "metrics.json")["accuracy"] == pytest.approx(
        (true == predicted).mean()
    )
    for name, count, precision, recall, f1, auroc in pl.read_csv(
        folder / "per_class.csv", schema_overrides={"class": pl.String}
    ).iter_rows():
        probability = rows[f"probability_{name}"].cast(float)
        expected = report[name]
        assert count == expected["support"]
        assert (precision or np.nan, recall, f1) == pytest.approx(
            tuple(expected[key] for key in ("precision", "recall", "f1-score")),
            nan_ok=True,
        )
        assert auroc == pytest.approx(roc_auc_score(true == name, probability))
    counts = pl.read_csv(folder / "confusion_matrix.csv", infer_schema=False)
    for name, *found in counts.iter_rows():
        columns = [column.removeprefix("predicted_") for column in counts.columns[1:]]
        expected = [((true == name) & (predicted == other)).sum() for other in columns]
        assert list(map(int, found)) == expected


@pytest.mark.usefixtures("without_pictures")
def test_scores_of_values_are_those_of_scoring_by_hand(runs: Path, run: Run) -> None:
    run("evaluate", f"run={runs / 'income'}", f"input={PEOPLE}")
    folder = runs / "income" / "evaluations" / "people"
    rows = pl.read_csv(folder / "predictions.csv")
    true, predicted = rows["income"].to_numpy(), rows["predicted_income"].to_numpy()
    (scores,) = pl.read_csv(folder / "per_target.csv").iter_rows(named=True)
    assert scores["r2"] == pytest.approx(r2_score(true, predicted), abs=1e-6)
    assert scores["rmse"] == pytest.approx(((true - predicted) ** 2).mean() ** 0.5)
    assert scores["largest_residual"] == pytest.approx(abs(true - predicted).max())
    assert scores["r2"] == pytest.approx(written(folder / "metrics.json")["r2"])


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize("target", TASKS)
def test_one_row_is_enough(target: str, runs: Path, run: Run, tmp_path: Path) -> None:
    people().head(1).write_csv(tmp_path / "one.csv")
    assert run("evaluate", f"run={runs / target}", "input=one.csv").code == 0
    measured = written(runs / target / "evaluations" / "one" / "metrics.json")
    assert measured["rows"] == 1
    if target == "income":
        assert measured["r2"] is None


@pytest.mark.usefixtures("without_pictures")
def test_columns_that_are_not_needed_are_said(
    runs: Path, run: Run, tmp_path: Path
) -> None:
    people().drop("id").with_columns(note=1).write_csv(tmp_path / "noted.csv")
    ended = run("evaluate", f"run={runs / 'member'}", "input=noted.csv")
    assert "ignored columns: note" in ended.out
    rows = pl.read_csv(runs / "member" / "evaluations" / "noted" / "predictions.csv")
    assert rows.columns[:2] == ["member", "predicted_member"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"drop": ["city", "age", "joined"]}, "has no column age, city, joined. There"),
        ({"drop": ["member"]}, "new.csv has no column member. There are: id, age"),
        (
            {"member": "perhaps"},
            "target member, line 2: 'perhaps' is none of the model",
        ),
        ({"member": ""}, "new.csv: target member has no values"),
        ({"age": "old"}, "new.csv: column age, line 2: 'old', and the model was"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(
    change: dict[str, Any], words: str, runs: Path, run: Run, tmp_path: Path
) -> None:
    table = people().drop(change.get("drop", []))
    values = {name: pl.lit(text) for name, text in change.items() if name != "drop"}
    table.with_columns(**values).write_csv(tmp_path / "new.csv")
    ended = run("evaluate", f"run={runs / 'member'}", "input=new.csv")
    assert ended.code == 1
    assert words in ended.err
    assert ended.err.count("\n") == 1
    assert not list(runs.glob("member/evaluations/new*"))


def test_a_missing_file_is_said(runs: Path, run: Run) -> None:
    ended = run("evaluate", f"run={runs / 'member'}", "input=nowhere.csv")
    assert ended.code == 1
    assert "nowhere.csv: no such file" in ended.err


def test_a_model_that_has_diverged_is_said(
    runs: Path, run: Run, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(runs / "income", tmp_path / "diverged"))
    path = folder / "checkpoints" / "best.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    for name, weights in checkpoint["state_dict"].items():
        if name.startswith("network."):
            weights.fill_(torch.nan)
    torch.save(checkpoint, path)
    shutil.rmtree(folder / "evaluations", ignore_errors=True)
    ended = run("evaluate", f"run={folder}", f"input={PEOPLE}")
    assert ended.code == 1
    assert "240 predictions are not finite, the first one in line 2" in ended.err
    assert not (folder / "evaluations").exists()


@pytest.mark.usefixtures("without_pictures")
def test_a_second_evaluation_replaces_the_first_as_a_whole(
    runs: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = runs / "member" / "evaluations" / "again"
    people().head(50).write_csv(tmp_path / "again.csv")
    run("evaluate", f"run={runs / 'member'}", "input=again.csv")
    (folder / "old.txt").write_text("of the first")

    def full_disk(*unused: object) -> None:
        raise OSError("no space left")

    people().head(40).write_csv(tmp_path / "again.csv")
    monkeypatch.setattr(evaluate_file, "draw", full_disk)
    ended = run("evaluate", f"run={runs / 'member'}", "input=again.csv")
    assert (ended.code, ended.err) == (1, "error: no space left\n")
    monkeypatch.setattr(evaluate_file, "draw", lambda *unused: None)
    assert not list(folder.parent.glob("again.*"))
    assert (folder / "old.txt").exists()
    assert written(folder / "metrics.json")["rows"] == 50
    run("evaluate", f"run={runs / 'member'}", "input=again.csv")
    assert not (folder / "old.txt").exists()
    assert written(folder / "metrics.json")["rows"] == 40
    assert not list(folder.parent.glob("again.*"))
