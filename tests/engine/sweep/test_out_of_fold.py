"""Cross-validation: each row is predicted by a model that was not trained on it."""

from pathlib import Path

import polars as pl
import pytest
from conftest import Run

from litmlp.engine.folder import run_folder

QUICK = ("trainer=cpu", "trainer.max_epochs=2", "callbacks=minimal", "logger=none")
TABLE = ("data=table", "data.path=t.csv", "data.target=y")


def write_table(folder: Path, target: list[str]) -> pl.DataFrame:
    """Every seventh row lacks a target."""
    targets = ["" if i % 7 == 3 else target[i % len(target)] for i in range(60)]
    lines = [f"{i % 10},{i % 3},{y}" for i, y in enumerate(targets)]
    (folder / "t.csv").write_text("\n".join(["a,b,y", *lines, ""]))
    return pl.DataFrame({"y": targets}).with_row_index("row").filter(pl.col("y") != "")


def test_each_row_is_predicted_once(run: Run, tmp_path: Path) -> None:
    labelled = write_table(tmp_path, ["=no", "yes", "=no"])
    folds = ("data.num_folds=3", "data.fold=range(3)")
    ended = run("train", "-m", *TABLE, *folds, *QUICK)
    assert ended.code == 0, ended.err
    (path,) = tmp_path.glob("logs/*/sweeps/*/out_of_fold.csv")
    predicted = pl.read_csv(path)
    assert predicted.columns == [
        "row",
        "fold",
        "y",
        "predicted_y",
        "probability_=no",
        "probability_yes",
    ]
    assert predicted["row"].to_list() == labelled["row"].to_list()
    assert predicted["y"].to_list() == labelled["y"].to_list()
    likelier = predicted["probability_yes"] > predicted["probability_=no"]
    assert (likelier == (predicted["predicted_y"] == "yes")).all()
    for folder in path.parent.glob("data.fold-*"):
        fold = run_folder.read_config(folder).data.fold
        rows = predicted.filter(fold=fold)
        right = (rows["y"] == rows["predicted_y"]).mean()
        metrics = run_folder.read_summary(folder)["metrics"]
        assert right == pytest.approx(metrics["accuracy/test"])
        assert pl.read_csv(folder / "predictions.csv").equals(rows)


def test_each_choice_has_its_own_predictions(run: Run, tmp_path: Path) -> None:
    labelled = write_table(tmp_path, ["0.5", "7.25", "-3.5", "1"])
    choices = ["data.num_folds=2", "data.fold=0,1", "optimizer.lr=0.1,0.01"]
    assert run("train", "-m", *TABLE, *choices, *QUICK).code == 0
    files = sorted(tmp_path.glob("logs/*/sweeps/*/out_of_fold*.csv"))
    names = [path.name.rsplit("-", 1)[0] for path in files]
    assert names == ["out_of_fold-optimizer.lr-0.01", "out_of_fold-optimizer.lr-0.1"]
    for path in files:
        predicted = pl.read_csv(path)
        assert predicted.columns == ["row", "fold", "y", "predicted_y"]
        assert predicted["y"].to_list() == labelled["y"].cast(pl.Float64).to_list()


def test_missing_folds_are_said(run: Run, tmp_path: Path) -> None:
    write_table(tmp_path, ["no", "yes"])
    ended = run("train", "-m", *TABLE, "data.num_folds=4", "data.fold=0,2", *QUICK)
    assert "no fold 1, 3" in ended.out
    assert not list(tmp_path.glob("logs/*/sweeps/*/out_of_fold*.csv"))


def test_a_run_without_folds_leaves_no_predictions(run: Run, tmp_path: Path) -> None:
    run("train", "data=iris", *QUICK)
    assert not list(tmp_path.rglob("predictions.csv"))
